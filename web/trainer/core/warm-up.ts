import type { ModelTopology } from '../../../shared/model/topology.ts';
import { seededRng } from '../../../shared/rng.ts';
import { type ExampleForm, emptyColumns } from '../../../shared/task/kinds/form.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { inOrder } from './batches.ts';
import type { DeviceName } from './device.ts';
import { EVALUATION_ROWS, evaluate } from './evaluate.ts';
import { type Examples, examplesOf } from './examples.ts';
import type { DeviceModel } from './model.ts';
import { probeParams } from './probe.ts';
import { train } from './train.ts';

/** They compile a program for each operation and shape when it is first used. */
const COMPILING: readonly DeviceName[] = ['webgpu', 'webgl'];
/** Momentum has a velocity from the second step on, and losses are summed from the second batch of a read on. */
const STEPS = 3;

/**
 * One short assignment on made-up examples, by the plan's own client work: what a round would compile is compiled before it,
 * outside its deadline. The probe's step has the model's gradient; here are momentum, the pulls of FedProx, the
 * corrections of SCAFFOLD, tastes, and the scores before and after. Leaves other weights on the device; each assignment
 * sets its own. What comes of it is nobody's concern: a device that is lost over it is found lost by the first round.
 */
export async function warmUp(
  model: DeviceModel,
  topology: ModelTopology,
  form: ExampleForm,
  plan: ClientPlan,
): Promise<void> {
  if (!COMPILING.includes(model.device.name)) return;
  const { epochs: _, maxSeconds: __, ...rest } = plan;
  const short: ClientPlan = plan.work === 'full-batch' ? plan : { ...rest, maxSteps: STEPS };
  // Some are set aside, and half of the ratings make the taste.
  const examples = madeUp(form, 4 * plan.batchSize);
  const correction = plan.work === 'scaffold' ? new Float32Array(model.layout.size) : undefined;
  const outcome = await train(model, probeParams(topology), examples, { plan: short, seed: 1, correction });
  if (!outcome.ok && outcome.reason === 'backend-lost') return;
  // Two passes: the second is added to the first.
  const scored = madeUp(form, EVALUATION_ROWS + (form.taste === undefined ? 1 : EVALUATION_ROWS + 2));
  await evaluate(model, scored, { order: inOrder(scored.count) });
}

/** Features of small numbers, and labels of every class in turn. */
function madeUp(form: ExampleForm, count: number): Examples {
  const { features, target } = form;
  const rng = seededRng(count);
  const columns = emptyColumns(form, count);
  const below = features.type === 'int32' ? features.below : features.type === 'uint8' ? 256 : 2;
  columns.features.forEach((_, at) => {
    columns.features[at] = rng.below(below);
  });
  columns.targets.forEach((_, at) => {
    columns.targets[at] = target.type === 'class' ? at % target.count : target.offset;
  });
  return examplesOf(form, [columns]);
}
