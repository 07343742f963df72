import type { Tensor } from '@tensorflow/tfjs-core';
import type { Score } from '../../../shared/protocol/index.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { isFinite32 } from '../../../shared/weights/vector.ts';
import { ditto } from './client-work/index.ts';
import { lossIn } from './device.ts';
import { evaluate, scoreOf } from './evaluate.ts';
import type { Examples } from './examples.ts';
import { splitOf } from './held-out.ts';
import { runLoop } from './loop.ts';
import type { DeviceModel } from './model.ts';
import { EXPLODED_FACTOR, type TrainOptions } from './train.ts';

/** A personal model, and what it is better or worse at; nothing of it is ever reported. */
export type FitOutcome =
  | {
      readonly ok: true;
      /** The personal weights v, in the layout's order. */
      readonly params: Float32Array;
      /** Examples it was fitted to, and those that were set aside. */
      readonly fitted: number;
      readonly heldOut: number;
      /** On those set aside: of the shared model, and of the personal one. Null where there are too few of them. */
      readonly figures: { readonly before: Score; readonly after: Score } | null;
    }
  | {
      readonly ok: false;
      readonly reason: 'aborted' | 'no-examples' | 'not-finite' | 'exploded' | 'backend-lost';
      readonly message: string;
    };

export interface FitOptions extends TrainOptions {
  /** λ of Ditto. */
  readonly lambda?: number;
}

/**
 * How hard the shared model pulls. The paper's range is 0.05 to 2 (Li et al., ICML 2021); what was measured is in
 * `docs/personal.md`: more of it keeps more of what the shared model knows of other people's classes.
 */
export const LAMBDA = 0.2;
/** Fewer say nothing: of four, one is a quarter. */
export const HELD_OUT_LEAST = 5;
const EPOCHS = 5;
/** However many examples there are, somebody waits for it. */
const STEPS_MOST = 1_000;

const no = (reason: Exclude<FitOutcome, { ok: true }>['reason'], message: string): FitOutcome => ({
  ok: false,
  reason,
  message,
});
const aborted = no('aborted', 'the fit was stopped');

/**
 * Fits a model to one contributor: from `start` (an earlier fit) or from the shared weights, by Ditto's step with the
 * task's batch size, learning rate and loss, on the examples that are not set aside.
 */
export async function personalise(
  model: DeviceModel,
  shared: Float32Array,
  start: Float32Array | null,
  examples: Examples,
  { plan, seed, signal, duty, onProgress, lambda = LAMBDA }: FitOptions,
): Promise<FitOutcome> {
  const { fitted, heldOut } = splitOf(examples);
  if (fitted.count === 0) return no('no-examples', 'there is nothing to fit to');
  const { epochs: _, maxSteps: __, maxSeconds: ___, momentum: ____, ...rest } = plan;
  const steps = Math.min(STEPS_MOST, EPOCHS * Math.ceil(fitted.count / plan.batchSize));
  const own: ClientPlan = { ...rest, work: 'sgd', optimizer: 'sgd', maxSteps: steps };
  const scoreOn = async (): Promise<Score | null> => {
    const evaluation = await evaluate(model, heldOut, { signal, duty });
    return evaluation && scoreOf(evaluation);
  };
  try {
    model.setParams(shared);
    const isTold = heldOut.count >= HELD_OUT_LEAST;
    const before = isTold ? await scoreOn() : null;
    if (isTold && before === null) return aborted;
    if (start !== null) model.setParams(start);
    // A step of more than 1 / η towards the shared model would go past it.
    const work = ditto(shared, Math.min(lambda, 1 / plan.learningRate));
    let doneBefore = 0;
    let bound = Number.POSITIVE_INFINITY;
    onProgress?.({ step: 0, steps, loss: null });
    const end = await runLoop(losses(work.run({ model, params: start ?? shared, examples: fitted, plan: own, seed })), {
      device: model.device,
      signal,
      duty,
      onRead([sum = Number.NaN], done) {
        const loss = sum / (done - doneBefore);
        if (doneBefore === 0) bound = EXPLODED_FACTOR * Math.max(1, loss);
        doneBefore = done;
        // Written so that no number at all is too large as well.
        if (!(loss <= bound)) return false;
        onProgress?.({ step: done, steps, loss });
        return true;
      },
    });
    if (end === 'aborted') return aborted;
    if (end === 'ended') return no('exploded', 'the loss grew out of all proportion');
    const after = isTold ? await scoreOn() : null;
    if (isTold && after === null) return aborted;
    const params = await model.readParams();
    if (!isFinite32(params)) return no('not-finite', 'the fitted weights are not all finite numbers');
    const figures = before && after && { before, after };
    return { ok: true, params, fitted: fitted.count, heldOut: heldOut.count, figures };
  } catch (error) {
    const loss = lossIn(error, model.device);
    if (loss !== null) return no('backend-lost', loss);
    throw error;
  }
}

function* losses(run: Generator<Tensor>): Generator<readonly Tensor[]> {
  for (const loss of run) yield [loss];
}
