import type { Clock } from '../../shared/clock.ts';

/** Of a token: sums of fractions are not exact. */
const ROUNDING = 1e-6;

/** Lets `perSecond` through on average and up to `burst` at once. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  constructor(clock: Clock, perSecond: number, burst: number = perSecond) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = clock.elapsed();
  }

  /** Takes one token and returns 0, or takes none and returns after how many milliseconds there will be one. */
  take(): number {
    this.#refill();
    if (this.#tokens >= 1 - ROUNDING) {
      this.#tokens -= 1;
      return 0;
    }
    return Math.max(1, Math.ceil(((1 - this.#tokens - ROUNDING) * 1000) / this.#perSecond));
  }

  isFull(): boolean {
    this.#refill();
    return this.#tokens >= this.#burst;
  }

  #refill(): void {
    const now = this.#clock.elapsed();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#atMs) * this.#perSecond) / 1000);
    this.#atMs = now;
  }
}

interface AddressUse {
  sockets: number;
  readonly joins: TokenBucket;
}

/** Sockets open at once and joins per second, for each address, or for each task. Those at rest are forgotten. */
export class AddressLimits {
  readonly #clock: Clock;
  readonly #sockets: number;
  readonly #joinsPerSecond: number;
  readonly #uses = new Map<string, AddressUse>();
  #sweepAt = 1_024;

  constructor(clock: Clock, limits: { readonly sockets: number; readonly joinsPerSecond: number }) {
    this.#clock = clock;
    this.#sockets = limits.sockets;
    this.#joinsPerSecond = limits.joinsPerSecond;
  }

  /** 0 if another socket of this address may open now, else after how many milliseconds to try again. */
  join(address: string): number {
    const use = this.#use(address);
    return use.sockets >= this.#sockets ? 10_000 : use.joins.take();
  }

  /** A socket of this address opened; the result says that it closed. */
  opened(address: string): () => void {
    const use = this.#use(address);
    use.sockets += 1;
    let open = true;
    return () => {
      if (open) use.sockets -= 1;
      open = false;
    };
  }

  get size(): number {
    return this.#uses.size;
  }

  #use(address: string): AddressUse {
    const known = this.#uses.get(address);
    if (known !== undefined) return known;
    if (this.#uses.size >= this.#sweepAt) this.#sweep();
    const use = { sockets: 0, joins: new TokenBucket(this.#clock, this.#joinsPerSecond) };
    this.#uses.set(address, use);
    return use;
  }

  /** Runs when the table has doubled since the last time, so it costs a constant per new address. */
  #sweep(): void {
    for (const [address, use] of this.#uses) if (use.sockets === 0 && use.joins.isFull()) this.#uses.delete(address);
    this.#sweepAt = Math.max(1_024, 2 * this.#uses.size);
  }
}
