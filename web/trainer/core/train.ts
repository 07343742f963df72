import type { Tensor } from '@tensorflow/tfjs-core';
import type { ReportMetrics } from '../../../shared/protocol/index.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { deltaOf } from '../../../shared/weights/delta.ts';
import { isFinite32 } from '../../../shared/weights/vector.ts';
import { shuffled } from './batches.ts';
import { CLIENT_WORK, type WorkJob } from './client-work/index.ts';
import { lossIn } from './device.ts';
import type { Duty } from './duty.ts';
import { EVALUATION_ROWS, type Evaluation, evaluate } from './evaluate.ts';
import type { Examples } from './examples.ts';
import { splitOf } from './held-out.ts';
import { runLoop } from './loop.ts';
import type { DeviceModel } from './model.ts';
import { type TimeBox, timeBoxOf } from './time-box.ts';

export type TrainOutcome =
  | {
      readonly ok: true;
      /** local − global, in the layout's order. */
      readonly delta: Float32Array;
      readonly examples: number;
      readonly steps: number;
      readonly metrics: ReportMetrics;
    }
  | {
      readonly ok: false;
      readonly reason: 'aborted' | 'no-examples' | 'not-finite' | 'exploded' | 'backend-lost';
      readonly message: string;
    };

export interface TrainOptions {
  readonly plan: ClientPlan;
  /** Seeds the order of the examples. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  readonly duty?: Duty | undefined;
  /** Batches done of all, and the mean loss since the last call; a few times a second. */
  readonly onProgress?: ((progress: { step: number; steps: number; loss: number | null }) => void) | undefined;
  /** c − c_i, with the client work `scaffold`. */
  readonly correction?: Float32Array | undefined;
  /** What `maxSeconds` of the plan is measured by; `performance.now` where nothing is given. */
  readonly nowMs?: (() => number) | undefined;
}

/** Own examples are scored before and after on at most so many. */
const SCORED_EXAMPLES = 1_000;
/** Forward is about a third of a step: two scores of so many then take about a tenth of the training's time. */
const SCORED_SHARE = 0.15;

/** How many own examples are scored before and after `trained` that training passes: whole passes of the device, one at least. */
export function scoredCount(trained: number): number {
  const passes = Math.max(1, Math.floor((SCORED_SHARE * trained) / EVALUATION_ROWS));
  return Math.min(SCORED_EXAMPLES, passes * EVALUATION_ROWS);
}

/** A loss this many times what it was before training, or above this where that was small, does not come back. */
export const EXPLODED_FACTOR = 100;

const no = (reason: Exclude<TrainOutcome, { ok: true }>['reason'], message: string): TrainOutcome => ({
  ok: false,
  reason,
  message,
});
const aborted = no('aborted', 'training was stopped');

/**
 * One assignment: from `params`, the client work of the plan over the examples, but those that the task sets aside. The same function in the tab's worker,
 * in the simulator and in tests. Stops between batches when the signal says so.
 */
export async function train(
  model: DeviceModel,
  params: Float32Array,
  own: Examples,
  { plan, seed, signal, duty, onProgress, correction, nowMs = () => performance.now() }: TrainOptions,
): Promise<TrainOutcome> {
  const examples = plan.heldOut ? splitOf(own).fitted : own;
  if (examples.count === 0) return no('no-examples', 'there is nothing to train on');
  const startMs = performance.now();
  const work = CLIENT_WORK[plan.work];
  const { steps, batches } = work.amount(plan, examples.count);
  const box = timeBoxOf(plan.maxSeconds, nowMs);
  let taken = steps;
  const scored = shuffled(examples.count, 0, 0).subarray(0, scoredCount(batches * plan.batchSize));
  try {
    model.setParams(params);
    const before = await evaluate(model, examples, { order: scored, signal, duty });
    if (before === null) return aborted;
    const bound = EXPLODED_FACTOR * Math.max(1, before.loss);
    let doneBefore = 0;
    let latest = before.loss;
    onProgress?.({ step: 0, steps: batches, loss: null });
    const end = await runLoop(losses({ model, params, examples, plan, seed, correction }, box), {
      device: model.device,
      signal,
      duty,
      onRead([sum = Number.NaN], done) {
        box.read();
        if (plan.maxSeconds !== undefined) taken = done;
        latest = sum / (done - doneBefore);
        doneBefore = done;
        // Written so that no number at all is too large as well.
        if (!(latest <= bound)) return false;
        onProgress?.({ step: done, steps: box.expected(done, batches), loss: latest });
        return true;
      },
    });
    if (end === 'aborted') return aborted;
    if (end === 'ended') {
      return Number.isFinite(latest)
        ? no('exploded', `the loss grew from ${rounded(before.loss)} to ${rounded(latest)}`)
        : no('not-finite', 'the loss grew beyond all numbers');
    }
    const after = await evaluate(model, examples, { order: scored, signal, duty });
    if (after === null) return aborted;
    const local = await model.readParams();
    if (!isFinite32(local)) return no('not-finite', 'the trained weights are not all finite numbers');
    const metrics = metricsOf(before, after, performance.now() - startMs);
    return { ok: true, delta: deltaOf(local, params), examples: examples.count, steps: taken, metrics };
  } catch (error) {
    const loss = lossIn(error, model.device);
    if (loss !== null) return no('backend-lost', loss);
    throw error;
  }
}

function* losses(job: WorkJob, box: TimeBox): Generator<readonly Tensor[]> {
  for (const loss of CLIENT_WORK[job.plan.work].run(job)) {
    yield [loss];
    if (box.isOver()) return;
  }
}

const rounded = (value: number): string => value.toPrecision(3);
const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

const metricsOf = (before: Evaluation, after: Evaluation, trainingMs: number): ReportMetrics => ({
  lossBefore: finiteOrNull(before.loss),
  lossAfter: finiteOrNull(after.loss),
  accuracyBefore: before.accuracy ?? null,
  accuracyAfter: after.accuracy ?? null,
  trainingMs: Math.round(trainingMs),
});
