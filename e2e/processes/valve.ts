import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Which way nothing passes. */
export type Way = 'there' | 'back';

/** A TCP port of this machine that leads to another, and that can hold back what goes through it: connections stay, bytes wait. */
export class Valve {
  readonly #server: Server;
  readonly #pairs = new Set<Readonly<Record<Way, Socket>>>();
  #shut: readonly Way[] = [];

  static async open(port: number): Promise<Valve> {
    const valve = new Valve(port);
    valve.#server.listen(0, '127.0.0.1');
    await once(valve.#server, 'listening');
    return valve;
  }

  private constructor(port: number) {
    this.#server = createServer((near) => this.#join(near, connect(port, '127.0.0.1')));
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Holds these ways, and opens the others. */
  hold(...ways: readonly Way[]): void {
    this.#shut = ways;
    for (const pair of this.#pairs) this.#set(pair);
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const { there, back } of this.#pairs) for (const socket of [there, back]) socket.destroy();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #join(near: Socket, far: Socket): void {
    // What comes from the near side goes there.
    const pair = { there: near, back: far };
    this.#pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (bytes) => void to.write(bytes));
      from.on('error', () => {});
      from.on('close', () => {
        this.#pairs.delete(pair);
        to.destroy();
      });
    }
    this.#set(pair);
  }

  #set(pair: Readonly<Record<Way, Socket>>): void {
    for (const way of ['there', 'back'] as const) {
      if (this.#shut.includes(way)) pair[way].pause();
      else pair[way].resume();
    }
  }
}
