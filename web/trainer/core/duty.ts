/**
 * The duty cycle: after working for a while the device rests, so that the page, other programs and the battery get their
 * share. Resting is waiting, never blocking, and a stop ends it at once.
 */
export interface Duty {
  /** Of the time, at most so much is work, 0 … 1. It may change while something runs. */
  share: number;
}

/** Work between two rests takes about this long: short enough that whoever shares the device gets a turn. */
export const WORK_SLICE_MS = 100;
/** A step that takes this many times what it took at best says that somebody else needs the machine. */
const SLOWED = 2;

/** How long to rest after `workMs` of work. `slowdown`: what a step took, over the least that one took in this loop. */
export function restMsOf(share: number, workMs: number, slowdown: number): number {
  if (share >= 1) return 0;
  const own = slowdown > SLOWED ? share / 2 : share;
  return workMs * (1 / own - 1);
}

/** Resolves after the time, or at once when the signal aborts. Also gives the thread's other messages their turn. */
export function rest(restMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, signal?.aborted ? 0 : restMs);
    signal?.addEventListener('abort', done);
  });
}
