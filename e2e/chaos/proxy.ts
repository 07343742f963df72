import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type Rng, seededRng } from '../../shared/rng.ts';
import { type ConnectionFaults, connectionFaults, type Direction, type FaultRates, fateOf, flipped } from './faults.ts';
import { UnitSplitter } from './frames.ts';

/** What went wrong so far, counted. */
export interface FaultCounts {
  connections: number;
  units: number;
  acksDropped: number;
  connectionsCut: number;
  framesDoubled: number;
  bitsFlipped: number;
  connectionsHeld: number;
}

const HELD_AT_MOST_MS = 1_000;

/**
 * A TCP proxy on loopback between clients and a server that does to their connections what networks do, and worse. It
 * knows WebSocket frames, so that an ack alone can be lost. Each connection draws from a seed of its own number: the
 * same seed does the same to the n-th connection, though which client's that is, time decides.
 */
export class ChaosProxy {
  readonly counts: FaultCounts = {
    ...{ connections: 0, units: 0, acksDropped: 0, connectionsCut: 0 },
    ...{ framesDoubled: 0, bitsFlipped: 0, connectionsHeld: 0 },
  };
  /** May change while it runs: none at all, and the network is well again. */
  rates: FaultRates;
  readonly #seed: number;
  readonly #targetPort: number;
  readonly #open = new Set<Socket>();
  readonly #server = createServer((client) => this.#accept(client));

  static async start(targetPort: number, rates: FaultRates, seed: number): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(targetPort, rates, seed);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(targetPort: number, rates: FaultRates, seed: number) {
    this.rates = rates;
    this.#seed = seed;
    this.#targetPort = targetPort;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    const number = this.counts.connections++;
    const rng = seededRng(this.#seed + number);
    const faults = connectionFaults(number, this.rates, rng);
    const server = connect(this.#targetPort, '127.0.0.1');
    new Connection(client, server, faults, rng, this);
    for (const socket of [client, server]) {
      this.#open.add(socket);
      socket.setNoDelay(true);
      socket.once('close', () => this.#open.delete(socket));
    }
  }
}

class Connection {
  readonly #sockets: Readonly<Record<Direction, { readonly from: Socket; readonly to: Socket }>>;
  readonly #faults: ConnectionFaults;
  readonly #rng: Rng;
  readonly #proxy: Pick<ChaosProxy, 'rates' | 'counts'>;
  readonly #held: Buffer[] = [];
  #units = 0;
  #isCut = false;

  constructor(
    client: Socket,
    server: Socket,
    faults: ConnectionFaults,
    rng: Rng,
    proxy: Pick<ChaosProxy, 'rates' | 'counts'>,
  ) {
    this.#sockets = { up: { from: client, to: server }, down: { from: server, to: client } };
    this.#faults = faults;
    this.#rng = rng;
    this.#proxy = proxy;
    for (const direction of ['up', 'down'] as const) {
      const splitter = new UnitSplitter();
      const { from, to } = this.#sockets[direction];
      from.on('data', (bytes: Buffer) => {
        for (const unit of splitter.push(bytes)) if (!to.destroyed) this.#forward(direction, unit);
      });
      // Ends of connections are what this is about: their errors say nothing more.
      from.on('error', () => {});
    }
    client.once('close', () => this.#leave());
    server.once('close', () => client.destroy());
  }

  #forward(direction: Direction, unit: Parameters<typeof fateOf>[0]): void {
    const { rates, counts } = this.#proxy;
    const { from, to } = this.#sockets[direction];
    if (this.#isCut) return;
    const fate = fateOf(unit, direction, this.#units++, this.#faults, rates, this.#rng);
    counts.units++;
    switch (fate.kind) {
      case 'pass':
        to.write(unit.bytes);
        return;
      case 'drop':
        counts.acksDropped++;
        return;
      case 'double':
        counts.framesDoubled++;
        to.write(unit.bytes);
        to.write(unit.bytes);
        return;
      case 'flip':
        counts.bitsFlipped++;
        to.write(flipped(unit.bytes, fate.bit));
        return;
      case 'cut':
        counts.connectionsCut++;
        this.#isCut = true;
        to.end(unit.bytes.subarray(0, fate.afterBytes), () => {
          from.destroy();
          to.destroy();
        });
        return;
      case 'hold':
        if (this.#held.length === 0) counts.connectionsHeld++;
        this.#held.push(unit.bytes);
    }
  }

  /** The client has gone: what was held of it comes late, when it is long back on another connection. */
  #leave(): void {
    const server = this.#sockets.up.to;
    if (this.#held.length === 0) {
      server.end();
      return;
    }
    setTimeout(() => {
      if (!server.destroyed) server.end(Buffer.concat(this.#held));
    }, this.#rng.below(HELD_AT_MOST_MS));
  }
}
