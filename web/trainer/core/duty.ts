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

/** How long to rest after `workMs` of work, so that work is that share of the time. */
export const restMsOf = (share: number, workMs: number): number => workMs * (1 / share - 1);

/** Resolves after the time, or at once when the signal aborts. Also gives the thread's other messages their turn. */
export function rest(restMs: number, signal?: AbortSignal): Promise<void> {
  if (restMs <= 0 || signal?.aborted) return turn();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, restMs);
    signal?.addEventListener('abort', done);
  });
}

/** By a message and not by a timer: browsers hold a timer among timers back for 4 ms, in which the device has no work. */
function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    const done = (): void => {
      port1.close();
      resolve();
    };
    port1.addEventListener('message', done, { once: true });
    port1.start();
    port2.postMessage(null);
  });
}
