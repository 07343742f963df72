import { once } from 'node:events';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';

/** One address for several servers: each connection goes to the next of them that takes it. */
export class Entrance {
  readonly #server: Server;
  readonly #ports: () => readonly number[];
  readonly #sockets = new Set<Socket>();
  #next = 0;

  /** Port 0 picks a free one. */
  static async open(ports: () => readonly number[], port = 0): Promise<Entrance> {
    const entrance = new Entrance(ports);
    entrance.#server.listen(port, '127.0.0.1');
    await once(entrance.#server, 'listening');
    return entrance;
  }

  private constructor(ports: () => readonly number[]) {
    this.#ports = ports;
    this.#server = createServer((socket) => this.#pass(socket, this.#ports().length));
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #pass(socket: Socket, tries: number): void {
    const ports = this.#ports();
    const port = ports[this.#next++ % Math.max(1, ports.length)];
    if (port === undefined || tries === 0) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const server = dial(port, '127.0.0.1');
    let isThrough = false;
    server.once('connect', () => {
      isThrough = true;
      socket.pipe(server).pipe(socket);
    });
    server.on('error', () => (isThrough ? socket.destroy() : this.#pass(socket, tries - 1)));
    server.once('close', () => isThrough && socket.destroy());
    socket.once('close', () => server.destroy());
  }
}
