import { Decoder, Encoder, type Packet, PacketType } from 'socket.io-parser';
import type { GatewayServer } from '../../server/gateway/broadcast.ts';
import { strictParser } from '../../server/gateway/strict-parser.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Rng } from '../../shared/rng.ts';
import type { SocketOf } from '../../web/client/socket-transport.ts';
import { type Chunk, chunksOf, type Middleware, packetOf, ServerSocket, TabSocket } from '../sim/in-process/wire.ts';
import { isDrawn, type Rates } from './faults.ts';
import type { ServerProcess } from './server-process.ts';

/** A side learns that a connection is gone by its heartbeats: within this time (P8). */
const SILENCE_MS = 85_000;
/** What a held up connection carries comes this late at most. */
const LATE_MS = 30_000;
/** A tab waits so long to be let in. */
const OPEN_MS = 30_000;
/** Messages after which a connection that is to go wrong does. */
const GOOD_MESSAGES = 12;

export interface NetworkOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly rates: () => Rates;
}

/** One direction of a connection: messages keep their order, whatever each of them takes. */
class Lane {
  readonly #options: NetworkOptions;
  #readyAt = 0;
  isCut = false;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** What follows waits for this long, and then comes all at once. */
  hold(delayMs: number): void {
    this.#readyAt = this.#options.clock.elapsed() + delayMs;
  }

  carry(deliver: () => void): void {
    const { clock, rng, rates } = this.#options;
    if (this.isCut) return;
    const now = clock.elapsed();
    this.#readyAt = Math.max(this.#readyAt, now + 1 + rng.below(rates().networkMs));
    clock.after(this.#readyAt - now, deliver);
  }
}

/** The sockets that a process of the server has, and what the gateway needs of a Socket.IO server. */
class Port {
  readonly process: ServerProcess;
  readonly sockets = new Map<string, ServerSocket>();
  readonly #encoder = new Encoder();
  middleware: Middleware = (_, next) => next();
  connected: (socket: ServerSocket) => void = () => {};

  constructor(process: ServerProcess) {
    this.process = process;
  }

  readonly server = {
    use: (middleware: Middleware): void => {
      this.middleware = middleware;
    },
    on: (_: 'connection', connected: (socket: ServerSocket) => void): void => {
      this.connected = connected;
    },
    to: (ids: readonly string[]) => this.#audience(ids),
  } as unknown as GatewayServer;

  #audience(ids: readonly string[]) {
    return {
      emit: (event: string, ...args: unknown[]): void => {
        const chunks = chunksOf(this.#encoder, packetOf(PacketType.EVENT, [event, ...args]));
        for (const id of ids) this.sockets.get(id)?.sendAll(chunks);
      },
    };
  }
}

/** Connections between tabs and whichever process of the server listens, with what networks do to them. */
export class Network {
  readonly #options: NetworkOptions;
  readonly #cuts = new Map<object, () => void>();
  readonly #ports = new WeakMap<ServerProcess, Port>();
  #port: Port | null = null;
  #count = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** What the gateway of a process works on; nobody gets to it before `open`. */
  listen(process: ServerProcess): GatewayServer {
    const port = new Port(process);
    this.#ports.set(process, port);
    return port.server;
  }

  open(process: ServerProcess): void {
    this.#port = this.#ports.get(process) ?? null;
  }

  /** Nobody listens, and every connection of whoever did breaks: soon known to the tabs, as when a process ends. */
  hangUp(): void {
    this.#port = null;
    this.cutAll();
  }

  cutAll(): void {
    for (const cut of [...this.#cuts.values()]) cut();
  }

  readonly socketOf: SocketOf = (target) =>
    new TabSocket(
      (tab) => this.#open(tab, target.handshake, target.task),
      this.#options.clock.after,
    ) as unknown as ReturnType<SocketOf>;

  #open(tab: TabSocket, auth: object, task: string): void {
    const { clock, rng } = this.#options;
    const rates = this.#options.rates();
    const port = this.#port;
    const up = new Lane(this.#options);
    const down = new Lane(this.#options);
    let isTabOpen = true;
    const tabEnds = (event: 'disconnect' | 'connect_error'): void => {
      if (!isTabOpen) return;
      isTabOpen = false;
      cancelOpening();
      tab.out = null;
      tab.fire(event, new Error('simulated'));
    };
    const cancelOpening = clock.after(OPEN_MS, () => tabEnds('connect_error'));
    tab.close = () => tabEnds('disconnect');
    if (port === null || isDrawn(rng, rates.refused)) {
      down.carry(() => tabEnds('connect_error'));
      return;
    }

    const socket = new ServerSocket(String(++this.#count), JSON.parse(JSON.stringify(auth)), task);
    let isServerOpen = false;
    const serverEnds = (): void => {
      if (!isServerOpen) return;
      isServerOpen = false;
      socket.out = null;
      port.sockets.delete(socket.id);
      this.#cuts.delete(socket);
      socket.fire('disconnect');
    };
    const closesAtServer = (): void => arrives(serverEnds);
    const closedByTab = tab.close;
    tab.close = () => {
      closedByTab();
      up.carry(closesAtServer);
    };
    socket.close = () => {
      down.carry(() => tabEnds('disconnect'));
      // Not within the turn of whoever asks.
      clock.after(0, closesAtServer);
    };
    /** Nothing goes through any more, and each side finds that out by itself. */
    const cut = (withinMs: number): void => {
      up.isCut = true;
      down.isCut = true;
      this.#cuts.delete(socket);
      clock.after(rng.below(withinMs), () => tabEnds('disconnect'));
      clock.after(rng.below(withinMs), closesAtServer);
    };
    this.#cuts.set(socket, () => cut(1_000));
    const fails = this.#failures(up, () => cut(SILENCE_MS));

    const toServer = new strictParser.Decoder();
    const toTab = new Decoder();
    toServer.on('decoded', (packet: Packet) => socket.decoded(packet));
    toTab.on('decoded', (packet: Packet) => tab.decoded(packet));
    /** As the libraries do: what cannot be read ends the connection. */
    const read = (decoder: { add(chunk: Chunk): void }, chunk: Chunk, close: () => void): void => {
      try {
        decoder.add(chunk);
      } catch {
        close();
      }
    };
    const arrives = (work: () => void): void => port.process.inside(work);
    const opens = (): void => {
      isServerOpen = true;
      port.middleware(socket, (error) => {
        if (error !== undefined) {
          isServerOpen = false;
          down.carry(() => {
            if (!isTabOpen) return;
            isTabOpen = false;
            cancelOpening();
            tab.fire('connect_error', error);
          });
          return;
        }
        down.carry(() => {
          if (!isTabOpen) return;
          cancelOpening();
          tab.opened();
          tab.out = (chunk) => {
            tab.traffic('packetCreate', chunk);
            fails(up, chunk, (arrived) => arrives(() => isServerOpen && read(toServer, arrived, socket.close)));
          };
        });
        socket.out = (chunk) =>
          fails(down, chunk, (arrived) => {
            if (tab.out === null) return;
            tab.traffic('packet', arrived);
            read(toTab, arrived, tab.close);
          });
        port.sockets.set(socket.id, socket);
        port.connected(socket);
      });
    };
    up.carry(() => {
      if (this.#port === port) arrives(opens);
    });
  }

  /** What becomes of the messages of one connection. */
  #failures(up: Lane, cut: () => void) {
    const { rng } = this.#options;
    const drawn = this.#options.rates();
    const goesWrongAt = rng.below(GOOD_MESSAGES);
    const trouble = isDrawn(rng, drawn.cut) ? 'cut' : isDrawn(rng, drawn.late) ? 'late' : 'none';
    let count = 0;
    return (lane: Lane, chunk: Chunk, deliver: (chunk: Chunk) => unknown): void => {
      if (count++ === goesWrongAt) {
        if (trouble === 'cut') cut();
        else if (trouble === 'late') up.hold(rng.below(LATE_MS));
      }
      const { lost, doubled, flipped } = this.#options.rates();
      if (typeof chunk === 'string' && chunk.startsWith('3') && isDrawn(rng, lost)) return;
      const arrived = isDrawn(rng, flipped) ? flippedOf(chunk, rng) : chunk;
      const times = isDrawn(rng, doubled) ? 2 : 1;
      for (let time = 0; time < times; time++) lane.carry(() => void deliver(arrived));
    };
  }
}

/** An attachment with another bit; a text that is none any more, since nothing but TLS protects what it says. */
function flippedOf(chunk: Chunk, rng: Rng): Chunk {
  if (typeof chunk === 'string') return `${chunk.slice(0, rng.below(chunk.length))}\u0000`;
  const bytes = Buffer.from(chunk);
  const at = rng.below(bytes.length);
  bytes[at] = (bytes[at] as number) ^ (1 << rng.below(8));
  return bytes;
}
