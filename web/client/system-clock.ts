import type { Clock } from '../../shared/clock.ts';

/** The platform's clock: `performance` and timers are there in pages, in workers and in Node. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
