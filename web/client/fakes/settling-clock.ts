import { ManualClock } from '../../../shared/fixtures/manual-clock.ts';

/** Time that passes when a test says so, with the promises that follow from it. */
export class SettlingClock extends ManualClock {
  /** Lets so many milliseconds pass; timers run at their moment, in order, each with what follows from it settled. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.elapsed() + ms;
    do await settle();
    while (this.runNext(untilMs));
    this.advance(untilMs - this.elapsed());
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
