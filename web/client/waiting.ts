import type { Clock } from '../../shared/clock.ts';

/** The promise's value, or null when it takes longer. */
export function within<Value>(delayMs: number, clock: Clock, promise: Promise<Value>): Promise<Value | null> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(delayMs, () => resolve(null));
    promise.then(resolve, reject).finally(cancel);
  });
}

/** Resolves after the delay, or at once when the signal aborts. */
export function wait(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
