/**
 * When to look at the device. Each read waits for everything queued before it, so reads are rare; but a GPU queue that
 * is never waited for grows without bound, and a stop would have to wait for all of it. So the queue holds at most
 * what took `intervalMs` last time, and at the start one batch.
 */
export interface Pace {
  /** One batch was queued; true when it is time to read. */
  queued(nowMs: number): boolean;
  /** The read came back. */
  read(nowMs: number): void;
  /** How long the work between the last two reads took. */
  workMs(): number;
  /** Work goes on after a rest. */
  rested(nowMs: number): void;
}

const MAXIMUM_QUEUE = 1_000;

/** `intervalMs` is asked for at each read: it may change while something runs. */
export function paceOf(intervalMs: () => number, startMs: number): Pace {
  let allowed = 1;
  let queue = 0;
  let lastMs = startMs;
  let workMs = 0;
  return {
    queued(nowMs) {
      queue++;
      return queue >= allowed || nowMs - lastMs >= intervalMs();
    },
    read(nowMs) {
      workMs = Math.max(nowMs - lastMs, 0.01);
      const perBatchMs = workMs / queue;
      // At most four times more than last time: the first batches also compile, or were forwarded to the CPU.
      allowed = Math.min(MAXIMUM_QUEUE, queue * 4, Math.max(1, Math.floor(intervalMs() / perBatchMs)));
      queue = 0;
      lastMs = nowMs;
    },
    workMs: () => workMs,
    rested(nowMs) {
      lastMs = nowMs;
    },
  };
}
