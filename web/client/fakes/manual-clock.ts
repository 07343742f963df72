import type { Clock } from '../../../shared/clock.ts';

/** Time that passes when a test says so. */
export class ManualClock implements Clock {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  now(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  elapsed(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets time pass; timers fire in their order, each with the promises that follow from it settled. */
  async pass(delayMs: number): Promise<void> {
    const untilMs = this.#nowMs + delayMs;
    await settle();
    for (;;) {
      const due = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.callback();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  get waiting(): number {
    return this.#timers.length;
  }
}

/** Lets whatever was promised happen, but for what another thread does: see `withoutWebCrypto`. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * The globals of plain http, where hashes are computed on this thread: then a test's turns are counted, not timed. Give
 * it to `vi.stubGlobal('crypto', …)`.
 */
export const withoutWebCrypto = { getRandomValues: crypto.getRandomValues.bind(crypto) };
