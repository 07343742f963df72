import type { GivenControl } from '../../../shared/protocol/index.ts';
import { gather, localEntries, scatter, sharedEntries } from '../../../shared/task/report-layout.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import type { WeightLayout } from '../../../shared/weights/layout.ts';
import type { Examples } from './examples.ts';
import type { DeviceModel } from './model.ts';
import { type OwnState, ownRecordOf } from './own-state.ts';
import { type TrainOptions, type TrainOutcome, train } from './train.ts';

export interface AssignedOptions extends TrainOptions {
  readonly own: OwnState;
  /** Of the client work `scaffold`; without it every control variate is 0. */
  readonly control?: GivenControl | undefined;
}

/** One assignment with what the contributor keeps for itself: `delta` lies as `reportLayout` of the plan says. */
export function trainAssigned(
  model: DeviceModel,
  params: Float32Array,
  examples: Examples,
  options: AssignedOptions,
): Promise<TrainOutcome> {
  if (options.plan.work === 'scaffold') return trainCorrected(model, params, examples, options);
  if (options.plan.local !== undefined) return trainBesideLocal(model, params, examples, options);
  return train(model, params, examples, options);
}

/** The global weights with the contributor's own local layers in them; those of the server while there are none. */
export async function withLocal(
  params: Float32Array,
  layout: WeightLayout,
  plan: ClientPlan,
  own: OwnState,
): Promise<Float32Array> {
  if (plan.local === undefined) return params;
  const entries = localEntries(layout, plan);
  const { local } = ownRecordOf(await own.load(), layout, entries);
  return local === null ? params : scatter(params.slice(), entries, local);
}

async function trainBesideLocal(
  model: DeviceModel,
  params: Float32Array,
  examples: Examples,
  { own, ...options }: AssignedOptions,
): Promise<TrainOutcome> {
  const { layout } = model;
  const { plan } = options;
  const start = await withLocal(params, layout, plan, own);
  const outcome = await train(model, start, examples, options);
  if (!outcome.ok) return outcome;
  const trained = start.map((value, index) => value + (outcome.delta[index] as number));
  const entries = localEntries(layout, plan);
  const [local, localNames] = [gather(trained, entries), entries.map(({ name }) => name)];
  await own.save({ layoutSha256: layout.sha256, local, localNames, controls: [] });
  return { ...outcome, delta: gather(outcome.delta, sharedEntries(layout, plan)) };
}

/**
 * SCAFFOLD, option II (Karimireddy et al., ICML 2020, algorithm 1, lines 10–14): with x the given weights, y the trained ones
 * and K the steps taken, c_i' = c_i − c + (x − y) / (K η). Reported are y − x and c_i' − c_i.
 */
async function trainCorrected(
  model: DeviceModel,
  params: Float32Array,
  examples: Examples,
  { own, control, ...options }: AssignedOptions,
): Promise<TrainOutcome> {
  const { size, sha256: layoutSha256 } = model.layout;
  const known = ownRecordOf(await own.load(), model.layout, []);
  const kept = known.controls.find(({ updateId }) => updateId === control?.counted);
  const before = kept?.values ?? new Float32Array(size);
  const sum = control?.sum ?? new Float32Array(size);
  const common = sum.map((value) => value / (control?.contributors ?? 1));
  const correction = common.map((value, index) => value - (before[index] as number));
  const outcome = await train(model, params, examples, { ...options, correction });
  if (!outcome.ok) return outcome;
  const length = outcome.steps * options.plan.learningRate;
  const after = outcome.delta.map((value, index) => -(correction[index] as number) - value / length);
  if (control !== undefined) {
    const next = { updateId: control.updateId, values: after };
    const controls = kept === undefined ? [next] : [kept, next];
    await own.save({ layoutSha256, local: null, localNames: [], controls });
  }
  const delta = new Float32Array(2 * size);
  delta.set(outcome.delta);
  delta.set(
    after.map((value, index) => value - (before[index] as number)),
    size,
  );
  const isLost = control?.counted != null && kept === undefined;
  return { ...outcome, delta, metrics: { ...outcome.metrics, ...(isLost ? { controlLost: true } : {}) } };
}
