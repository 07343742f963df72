import { mul, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Score } from '../../../shared/protocol/index.ts';
import { LARGEST_FLOAT32 } from '../../../shared/weights/vector.ts';
import { type Batch, batchesOf, inOrder } from './batches.ts';
import type { Duty } from './duty.ts';
import type { Examples } from './examples.ts';
import { runLoop } from './loop.ts';
import type { DeviceModel } from './model.ts';
import { type Factors, tastesOf } from './taste.ts';

/** Over all examples: mean loss, and accuracy or mean absolute error. */
export interface Evaluation extends Score {
  readonly examples: number;
}

export const scoreOf = ({ examples: _, ...score }: Evaluation): Score => score;

export interface EvaluateOptions {
  /** Examples in one pass through the device; fixed, so that it compiles once. */
  readonly rows?: number;
  /** Only these, in this order; all by default. Of ratings always those that the taste was not made of. */
  readonly order?: Uint32Array;
  readonly signal?: AbortSignal | undefined;
  readonly duty?: Duty | undefined;
}

/** Draws the halves, the same for every version. */
export const SCORED_SEED = 0;

export const factorsOf = async (model: DeviceModel): Promise<Factors> => ({
  params: await model.readParams(),
  width: model.outputs,
});

export const EVALUATION_ROWS = 64;

/** How good the model's present weights are; null when stopped or when there is nothing to score. */
export async function evaluate(
  model: DeviceModel,
  examples: Examples,
  { rows = EVALUATION_ROWS, order = inOrder(examples.count), signal, duty }: EvaluateOptions = {},
): Promise<Evaluation | null> {
  // Everybody is scored on the half of the ratings that their taste was not made of.
  const tastes = examples.form.taste && tastesOf(await factorsOf(model), examples, SCORED_SEED);
  const scored = tastes?.order ?? order;
  let loss = 0;
  let measured = 0;
  const end = await runLoop(scores(model, batchesOf(examples, scored, rows, tastes)), {
    device: model.device,
    signal,
    duty,
    onRead([losses = 0, measures = 0]) {
      loss += losses;
      measured += measures;
      return true;
    },
  });
  const count = scored.length;
  if (end !== 'done' || count === 0) return null;
  const { target } = examples.form;
  const measure =
    target.type === 'class'
      ? { accuracy: Math.round(measured) / count }
      : { absoluteError: finite((measured / count) * target.scale) };
  return { loss: loss / count, ...measure, examples: count };
}

/** A score crosses to the server as JSON, which has no infinity: what has diverged is as far off as float32 can say. */
const finite = (value: number): number => (Number.isFinite(value) ? value : LARGEST_FLOAT32);

/** For each batch the sums of its losses and of its right answers, or errors. */
function* scores(model: DeviceModel, batches: Iterable<Batch>): Generator<readonly Tensor[]> {
  for (const batch of batches) {
    yield tidy(() => {
      const { loss, measure } = model.score(batch);
      const count = scalar(batch.count);
      return [mul(loss, count), mul(measure, count)];
    });
  }
}
