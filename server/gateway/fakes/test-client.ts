import { io, type Socket } from 'socket.io-client';
import type { Refusal } from '../../../shared/errors.ts';

/** How long a test waits for what must come; far beyond what it takes. */
const PATIENCE_MS = 10_000;

type Message = readonly unknown[];

/** A socket whose messages are kept until a test asks for them. */
export class TestClient {
  readonly socket: Socket;
  readonly #inbox: { readonly event: string; readonly args: Message }[] = [];
  #wake: (() => void)[] = [];

  constructor(url: string, options: Parameters<typeof io>[1]) {
    this.socket = io(url, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      autoConnect: false,
      ...options,
    });
    const note = (event: string, ...args: unknown[]): void => {
      this.#inbox.push({ event, args });
      for (const wake of this.#wake.splice(0)) wake();
    };
    this.socket.onAny(note);
    this.socket.on('disconnect', (reason) => note('disconnect', reason));
    this.socket.on('connect_error', (error) => note('connect_error', error));
    this.socket.connect();
  }

  /** The next message of this event, its first argument; earlier ones that were not asked for count. */
  async next<Value = Record<string, unknown>>(event: string): Promise<Value> {
    return (await this.nextArgs(event))[0] as Value;
  }

  async nextArgs(event: string): Promise<Message> {
    const untilMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const at = this.#inbox.findIndex((message) => message.event === event);
      const [found] = at < 0 ? [] : this.#inbox.splice(at, 1);
      if (found !== undefined) return found.args;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () =>
            reject(new Error(`no ${event} came; there were ${this.#inbox.map((message) => message.event).join(', ')}`)),
          Math.max(0, untilMs - performance.now()),
        );
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** How many messages of this event wait to be asked for. */
  waiting(event: string): number {
    return this.#inbox.filter((message) => message.event === event).length;
  }

  /** The refusal of the handshake. */
  async refusal(): Promise<Refusal> {
    const error = await this.next<Error & { data?: Refusal }>('connect_error');
    if (error.data === undefined) throw error;
    return error.data;
  }

  /** Sends an event and gives what its ack says. */
  ask(event: string, ...args: unknown[]): Promise<{ readonly ok: boolean; readonly [key: string]: unknown }> {
    return this.socket.timeout(PATIENCE_MS).emitWithAck(event, ...args);
  }

  /** Sends a packet of Socket.IO as it is written, or bytes. */
  raw(...packets: (string | Uint8Array)[]): void {
    for (const packet of packets) this.socket.io.engine.write(packet as never);
  }

  close(): void {
    this.socket.disconnect();
  }
}
