import type { Clock } from '../shared/clock.ts';

/** The machine's own clocks. A timer does not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delayMs, callback) {
    // A longer delay than setTimeout can hold would fire at once.
    const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Of the time that passes, what `steadyClock` goes faster or slower by at most. */
const FOLLOWING = 0.1;

/**
 * A clock for deadlines: its `now` goes by the monotonic clock, and follows the wall clock by a tenth of the time that passes
 * at most. So a wall clock that is set (by hand, by NTP, after a machine slept) makes no deadline longer or shorter than by a
 * tenth, `now` never goes back, and after ten times the step it is the wall clock again, whose small drift it follows at once:
 * processes of one database, and one that starts anew, agree on times as well as their wall clocks do. Not for what ends by
 * the calendar (logins, links, certificates, signatures): there the wall clock is what others go by.
 */
export function steadyClock(clock: Clock): Clock {
  let nowMs = clock.now();
  let atMs = clock.elapsed();
  return {
    now() {
      const elapsed = clock.elapsed();
      const passedMs = elapsed - atMs;
      const aheadMs = clock.now() - (nowMs + passedMs);
      nowMs += passedMs + Math.max(-FOLLOWING * passedMs, Math.min(FOLLOWING * passedMs, aheadMs));
      atMs = elapsed;
      return Math.floor(nowMs);
    },
    elapsed: () => clock.elapsed(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
  };
}
