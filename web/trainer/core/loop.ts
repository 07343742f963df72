import { add, concat, dispose, reshape, type Tensor, type Tensor1D, tidy } from '@tensorflow/tfjs-core';
import type { Device } from './device.ts';
import { type Duty, rest, restMsOf, WORK_SLICE_MS } from './duty.ts';
import { paceOf } from './pace.ts';

/** A read every quarter of a second: often enough for the eye and for a stop within a second. */
const READ_INTERVAL_MS = 250;

export interface LoopOptions {
  readonly device: Device;
  readonly signal?: AbortSignal | undefined;
  /** Rests between reads; without it the device works all the time. */
  readonly duty?: Duty | undefined;
  /** Sums over the batches since the last read, after `batches` batches in all. False ends the loop. */
  readonly onRead: (sums: Float32Array, batches: number) => boolean;
}

/**
 * Runs device work batch by batch. Each batch yields the same few figures as scalars; they are summed on the device and
 * read at a pace (`paceOf`), and between reads nothing waits for the device. After each read the device rests as `duty`
 * says, and messages are handled, so that a stop is seen. Leaves no tensor behind, however it ends.
 */
export async function runLoop(
  work: Iterable<readonly Tensor[]>,
  { device, signal, duty, onRead }: LoopOptions,
): Promise<'done' | 'aborted' | 'ended'> {
  const share = (): number => duty?.share ?? 1;
  const pace = paceOf(() => (share() < 1 ? WORK_SLICE_MS : READ_INTERVAL_MS), performance.now());
  let sums: Tensor1D | undefined;
  let batches = 0;
  const read = async (): Promise<boolean> => {
    if (sums === undefined) return true;
    const values = await device.read([sums]);
    sums.dispose();
    sums = undefined;
    pace.read(performance.now());
    return onRead(values, batches);
  };
  const pause = async (): Promise<void> => {
    await rest(restMsOf(share(), pace.workMs()), signal);
    pace.rested(performance.now());
  };
  try {
    if (signal?.aborted) return 'aborted';
    for (const figures of work) {
      const before: Tensor1D | undefined = sums;
      sums = tidy(() => {
        const latest = concat(figures.map((figure) => reshape(figure, [1]))) as Tensor1D;
        return before === undefined ? latest : add(before, latest);
      });
      dispose([...figures]);
      before?.dispose();
      batches++;
      if (pace.queued(performance.now())) {
        if (!(await read())) return 'ended';
        await pause();
      }
      if (signal?.aborted) return 'aborted';
    }
    return (await read()) ? 'done' : 'ended';
  } finally {
    sums?.dispose();
  }
}
