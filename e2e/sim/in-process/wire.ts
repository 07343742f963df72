import type { Socket } from 'socket.io-client';
import { Decoder, Encoder, type Packet, PacketType } from 'socket.io-parser';
import type { GatewayServer } from '../../../server/gateway/broadcast.ts';
import { strictParser } from '../../../server/gateway/strict-parser.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { SocketOf } from '../../../web/client/socket-transport.ts';

/**
 * Socket.IO without sockets: the gateway's end and the tabs' end of a connection in one process. Each message is encoded
 * as it would be on the wire, handed over as text and bytes in a later turn, and decoded on the other side by the same
 * parsers; everything above (handshake, schemas, limits, acks) is the gateway's and the client's own code.
 */

export type Listener = (...args: unknown[]) => void;
export type Chunk = string | Uint8Array;

/** What the two ends have in common: events by name, acks by number. */
class End {
  readonly listeners = new Map<string, Listener[]>();
  readonly #encoder = new Encoder();
  readonly #acks = new Map<number, Listener>();
  #lastAck = 0;
  /** Takes what is sent; null before the connection is open and after it is closed. */
  out: ((chunk: Chunk) => void) | null = null;
  /** Hears every event, with the ack as its last argument where one is asked for. */
  hear: (event: string, args: unknown[]) => void = (event, args) => this.fire(event, ...args);

  on(event: string, listener: Listener): this {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
    return this;
  }

  fire(event: string, ...args: unknown[]): void {
    for (const listener of this.listeners.get(event) ?? []) listener(...args);
  }

  emit(event: string, ...args: unknown[]): boolean {
    const ack = typeof args.at(-1) === 'function' ? (args.pop() as Listener) : undefined;
    const id = ack === undefined ? undefined : ++this.#lastAck;
    if (ack !== undefined) this.#acks.set(id as number, ack);
    this.sendAll(chunksOf(this.#encoder, packetOf(PacketType.EVENT, [event, ...args], id)));
    return true;
  }

  sendAll(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) this.out?.(chunk);
  }

  /** Takes in what its parser made of the chunks. */
  decoded({ type, data, id }: Packet): void {
    if (type === PacketType.EVENT || type === PacketType.BINARY_EVENT) {
      const [event, ...args] = data as [string, ...unknown[]];
      const answer = (...values: unknown[]): void =>
        this.sendAll(chunksOf(this.#encoder, packetOf(PacketType.ACK, values, id)));
      this.hear(event, id === undefined ? args : [...args, answer]);
    } else if (type === PacketType.ACK || type === PacketType.BINARY_ACK) {
      const ack = this.#acks.get(id as number);
      this.#acks.delete(id as number);
      ack?.(...(data as unknown[]));
    }
  }
}

export const packetOf = (type: PacketType, data: readonly unknown[], id?: number): Packet => ({
  ...{ type, data, nsp: '/' },
  ...(id === undefined ? {} : { id }),
});

/** One copy of each attachment, as after a way through a network: nobody shares memory with the sender. */
export const chunksOf = (encoder: Encoder, packet: Packet): Chunk[] =>
  (encoder.encode(packet) as unknown as Chunk[]).map((chunk) =>
    typeof chunk === 'string' ? chunk : Buffer.from(chunk),
  );

/** The tab's end. */
export class TabSocket extends End {
  readonly io = { on: (_: 'open', open: () => void) => void this.#opens.push(open), engine: this.#engine() };
  readonly #opens: (() => void)[] = [];
  readonly #traffic = new Map<string, Listener>();
  readonly #connect: (tab: TabSocket) => void;
  readonly #after: Clock['after'] | null;
  close: () => void = () => {};

  /** Without a clock nothing is late: an answer is waited for as long as it takes. */
  constructor(connect: (tab: TabSocket) => void, after: Clock['after'] | null = null) {
    super();
    this.#connect = connect;
    this.#after = after;
  }

  connect(): this {
    this.#connect(this);
    return this;
  }

  disconnect(): this {
    this.close();
    return this;
  }

  opened(): void {
    for (const open of this.#opens) open();
  }

  traffic(kind: 'packet' | 'packetCreate', data: Chunk): void {
    this.#traffic.get(kind)?.({ data });
  }

  timeout(ms: number) {
    return {
      emitWithAck: (event: string, ...args: unknown[]): Promise<unknown> =>
        new Promise((resolve, reject) => {
          if (this.out === null) reject(new Error('the connection is closed'));
          const cancel = this.#after?.(ms, () => reject(new Error('no answer came in time')));
          this.on('disconnect', () => reject(new Error('the connection was closed')));
          this.emit(event, ...args, (answer: unknown) => {
            cancel?.();
            resolve(answer);
          });
        }),
    };
  }

  #engine() {
    return { on: (kind: string, listener: Listener) => void this.#traffic.set(kind, listener) };
  }
}

/** The gateway's end. */
export class ServerSocket extends End {
  readonly id: string;
  readonly handshake: { readonly auth: unknown };
  readonly request: { readonly url: string; readonly headers: object };
  readonly conn: { readonly close: () => void };
  data: object = {};
  close: () => void = () => {};
  #any: Listener = () => {};

  constructor(id: string, auth: unknown, task: string) {
    super();
    this.id = id;
    this.handshake = { auth };
    this.request = { url: `/socket.io/?task=${task}`, headers: {} };
    this.conn = { close: () => this.close() };
    this.hear = (event, args) => this.#any(event, ...args);
  }

  onAny(listener: Listener): void {
    this.#any = listener;
  }

  disconnect(): void {
    this.close();
  }
}

export type Middleware = (socket: ServerSocket, next: (error?: Error) => void) => void;

/** What the gateway needs of a Socket.IO server, and the sockets that connect to it. */
export class Wire {
  readonly #sockets = new Map<string, ServerSocket>();
  readonly #encoder = new Encoder();
  #middleware: Middleware = (_, next) => next();
  #connected: (socket: ServerSocket) => void = () => {};
  #count = 0;

  readonly server = {
    use: (middleware: Middleware): void => {
      this.#middleware = middleware;
    },
    on: (_: 'connection', connected: (socket: ServerSocket) => void): void => {
      this.#connected = connected;
    },
    to: (ids: readonly string[]) => this.#audience(ids),
  } as unknown as GatewayServer;

  readonly socketOf: SocketOf = (target) =>
    new TabSocket((tab) => this.#open(tab, target.handshake, target.task)) as unknown as Socket;

  /** One broadcast is encoded once, whatever the number of sockets. */
  #audience(ids: readonly string[]) {
    return {
      emit: (event: string, ...args: unknown[]): void => {
        const chunks = chunksOf(this.#encoder, packetOf(PacketType.EVENT, [event, ...args]));
        for (const id of ids) this.#sockets.get(id)?.sendAll(chunks);
      },
    };
  }

  #open(tab: TabSocket, auth: object, task: string): void {
    const socket = new ServerSocket(String(++this.#count), JSON.parse(JSON.stringify(auth)), task);
    let isOpen = true;
    const close = (): void => {
      if (!isOpen) return;
      isOpen = false;
      // What was said last still arrives.
      later(() => {
        tab.out = null;
        socket.out = null;
        this.#sockets.delete(socket.id);
        tab.fire('disconnect');
        socket.fire('disconnect');
      });
    };
    tab.close = close;
    socket.close = close;
    const toServer = new strictParser.Decoder();
    const toTab = new Decoder();
    toServer.on('decoded', (packet: Packet) => socket.decoded(packet));
    toTab.on('decoded', (packet: Packet) => tab.decoded(packet));
    later(() => {
      if (!isOpen) return;
      this.#middleware(socket, (error) => {
        if (error !== undefined) {
          later(() => tab.fire('connect_error', error));
          return;
        }
        tab.opened();
        tab.out = (chunk) => {
          tab.traffic('packetCreate', chunk);
          later(() => isOpen && toServer.add(chunk));
        };
        socket.out = (chunk) =>
          later(() => {
            if (tab.out === null) return;
            tab.traffic('packet', chunk);
            toTab.add(chunk);
          });
        this.#sockets.set(socket.id, socket);
        this.#connected(socket);
      });
    });
  }
}

/** In the order in which it was asked for, and never within the turn of whoever asks. */
const later = (work: () => void): void => queueMicrotask(work);
