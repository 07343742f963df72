import { mul, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type Batch, batchesOf, inOrder } from './batches.ts';
import type { Duty } from './duty.ts';
import type { Examples } from './examples.ts';
import { runLoop } from './loop.ts';
import type { DeviceModel } from './model.ts';

export interface Evaluation {
  /** Mean loss over all examples. */
  readonly loss: number;
  /** Share of right answers, 0 … 1. */
  readonly accuracy: number;
  readonly examples: number;
}

export interface EvaluateOptions {
  /** Examples in one pass through the device; fixed, so that it compiles once. */
  readonly rows?: number;
  /** Only these, in this order; all by default. */
  readonly order?: Uint32Array;
  readonly signal?: AbortSignal | undefined;
  readonly duty?: Duty | undefined;
}

export const EVALUATION_ROWS = 64;

/** Loss and accuracy of the model's present weights; null when stopped or when there is nothing to score. */
export async function evaluate(
  model: DeviceModel,
  examples: Examples,
  { rows = EVALUATION_ROWS, order = inOrder(examples.count), signal, duty }: EvaluateOptions = {},
): Promise<Evaluation | null> {
  let loss = 0;
  let right = 0;
  const end = await runLoop(scores(model, batchesOf(examples, order, rows)), {
    device: model.device,
    signal,
    duty,
    onRead([losses = 0, rights = 0]) {
      loss += losses;
      right += rights;
      return true;
    },
  });
  const count = order.length;
  if (end !== 'done' || count === 0) return null;
  return { loss: loss / count, accuracy: Math.round(right) / count, examples: count };
}

/** For each batch the sum of its losses and the number of right answers. */
function* scores(model: DeviceModel, batches: Iterable<Batch>): Generator<readonly Tensor[]> {
  for (const batch of batches) {
    yield tidy(() => {
      const { loss, accuracy } = model.score(batch);
      const count = scalar(batch.count);
      return [mul(loss, count), mul(accuracy, count)];
    });
  }
}
