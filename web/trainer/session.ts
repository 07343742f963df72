import type { TaskId } from '../../shared/ids.ts';
import type { GivenControl, Participation, Score } from '../../shared/protocol/index.ts';
import type { FeatureValues } from '../../shared/task/kinds/form.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import type { BackendChoice, CountResult, RequestedBackend, TrainProgress, TrainResult } from '../client/ports.ts';
import type { DataFailure } from '../data/failure.ts';
import { trainAssigned, withLocal } from './core/assignment.ts';
import { countHeldOut } from './core/count.ts';
import { lossIn } from './core/device.ts';
import type { Duty } from './core/duty.ts';
import { evaluate, factorsOf, scoreOf } from './core/evaluate.ts';
import type { Probed } from './core/finding.ts';
import { buildModel, type DeviceModel } from './core/model.ts';
import { personalise } from './core/personalise.ts';
import { predict } from './core/predict.ts';
import { type DeviceOpeners, type PrepareOptions, prepareModel } from './core/prepare.ts';
import { unratedScores } from './core/taste.ts';
import { warmUp } from './core/warm-up.ts';
import { type ExampleSource, exampleSourceOf } from './example-source.ts';
import type { FitResult, Fitting } from './fitting.ts';
import { ownStore } from './own-store.ts';

/**
 * What one worker has prepared: a model on a device, and a second one of the same kind for predictions and scores, so
 * that "Try it" in mid-training disturbs nothing. Built once and kept across rounds.
 */
export interface TrainingSession {
  readonly choice: BackendChoice;
  /** What is worth keeping of how the choice was made. */
  readonly probed: Probed | null;
  readonly source: ExampleSource;
  train(params: Float32Array, options: LongOptions & { readonly control?: GivenControl }): Promise<TrainResult>;
  /** A personal model of the own examples; it takes its turn with training. */
  fit(fitting: Fitting, options: LongOptions): Promise<FitResult>;
  /** A part in an evaluation round; it takes its turn with training. */
  score(params: Float32Array, options: Pick<LongOptions, 'signal' | 'duty'>): Promise<CountResult>;
  /** Null where there are no examples, or none that can be read. */
  evaluate(params: Float32Array, signal: AbortSignal): Promise<Answer<Score | null>>;
  /** `params: null`: those of the last prediction. `isFitted`: those of a fit, which has local layers of its own. */
  predict(params: Float32Array | null, features: FeatureValues, isFitted?: boolean): Promise<Answer<Float32Array>>;
}

/** What the second model says, unless the device was lost over it. */
export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: 'backend-lost'; readonly message: string };

interface LongOptions {
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly duty?: Duty;
  readonly onProgress: (progress: TrainProgress) => void;
}

export async function openSession(
  task: TaskId,
  participation: Participation,
  requested: RequestedBackend,
  { openers, ...options }: PrepareOptions & { readonly openers: DeviceOpeners },
): Promise<TrainingSession> {
  const { topology, client: plan } = participation;
  const { model, used, reason, findings, probed } = await prepareModel(topology, plan, requested, openers, options);
  await warmUp(model, topology, formOf(participation.data), plan);
  const source = exampleSourceOf(task, participation);
  const own = ownStore(task);
  /** With the contributor's own local layers, where the task has such. */
  const personal = (params: Float32Array): Promise<Float32Array> => withLocal(params, model.layout, plan, own);
  let second: DeviceModel | undefined;
  const inTurnOnFirst = turns();
  const inTurnOnSecond = turns();
  const onSecond = <Value>(work: (model: DeviceModel) => Promise<Value>): Promise<Answer<Value>> =>
    inTurnOnSecond(async () => {
      try {
        second ??= buildModel(topology, plan.loss, model.device);
        return { ok: true, value: await work(second) };
      } catch (error) {
        const message = lossIn(error, model.device);
        if (message === null) throw error;
        return { ok: false, reason: 'backend-lost', message };
      }
    });

  return {
    choice: { requested, used, reason, findings },
    probed,
    source,
    async train(params, options) {
      const loaded = await source.load();
      if (!loaded.ok) return untrained(loaded);
      // An assignment that was stopped may still be on its way out when the next one comes.
      return inTurnOnFirst(() => trainAssigned(model, params, loaded.examples, { plan, own, ...options }));
    },
    async fit({ shared, start }, options) {
      const loaded = await source.load();
      if (!loaded.ok) return untrained(loaded);
      return inTurnOnFirst(async () =>
        personalise(model, await personal(shared), start, loaded.examples, { plan, ...options }),
      );
    },
    async score(params, options) {
      const loaded = await source.load();
      if (!loaded.ok) return untrained(loaded);
      return inTurnOnFirst(async () => countHeldOut(model, await personal(params), loaded.examples, options));
    },
    async evaluate(params, signal) {
      const loaded = await source.load();
      if (!loaded.ok) return { ok: true, value: null };
      return onSecond(async (scored) => {
        scored.setParams(await personal(params));
        const evaluation = await evaluate(scored, loaded.examples, { signal });
        return evaluation && scoreOf(evaluation);
      });
    },
    predict: (params, features, isFitted = false) =>
      onSecond(async (viewed) => {
        if (params !== null) viewed.setParams(isFitted ? params : await personal(params));
        if (formOf(participation.data).taste === undefined) return predict(viewed, features);
        // Of a person's own ratings there is nothing to hand over: they are read here, and so is what is to be seen.
        const loaded = await source.load();
        if (!loaded.ok) throw new Error(loaded.message);
        return unratedScores(await factorsOf(viewed), loaded.examples);
      }),
  };
}

/** One after the other on one model: each sets the weights that it needs, and its steps take many turns of the loop. */
function turns(): <Value>(work: () => Promise<Value>) => Promise<Value> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}

const untrained = ({ reason, message }: DataFailure): Extract<TrainResult, { ok: false }> => ({
  ok: false,
  reason: reason === 'dataset-damaged' ? 'dataset-damaged' : 'failed',
  message,
});
