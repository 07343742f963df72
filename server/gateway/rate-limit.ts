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

interface JoinUse {
  sockets: number;
  readonly joins: TokenBucket;
}

/** Sockets open at once and joins per second, for each name: an address, or a task. Names at rest are forgotten. */
export class JoinLimits {
  readonly #clock: Clock;
  readonly #sockets: number;
  readonly #joinsPerSecond: number;
  readonly #uses = new Map<string, JoinUse>();
  #sweepAt = 1_024;

  constructor(clock: Clock, limits: { readonly sockets: number; readonly joinsPerSecond: number }) {
    this.#clock = clock;
    this.#sockets = limits.sockets;
    this.#joinsPerSecond = limits.joinsPerSecond;
  }

  /** 0 if another socket of this name may open now, else after how many milliseconds to try again. */
  join(name: string): number {
    const use = this.#use(name);
    return use.sockets >= this.#sockets ? 10_000 : use.joins.take();
  }

  /** A socket of this name opened; the result says that it closed. */
  opened(name: string): () => void {
    const use = this.#use(name);
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

  #use(name: string): JoinUse {
    const known = this.#uses.get(name);
    if (known !== undefined) return known;
    if (this.#uses.size >= this.#sweepAt) this.#sweep();
    const use = { sockets: 0, joins: new TokenBucket(this.#clock, this.#joinsPerSecond) };
    this.#uses.set(name, use);
    return use;
  }

  /** Runs when the table has doubled since the last time, so it costs a constant per new name. */
  #sweep(): void {
    for (const [name, use] of this.#uses) if (use.sockets === 0 && use.joins.isFull()) this.#uses.delete(name);
    this.#sweepAt = Math.max(1_024, 2 * this.#uses.size);
  }
}
