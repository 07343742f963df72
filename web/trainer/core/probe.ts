import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { initialWeights } from '../../../shared/model/initial-weights.ts';
import { type ModelTopology, shapeOf } from '../../../shared/model/topology.ts';
import { seededRng } from '../../../shared/rng.ts';
import { emptyColumns } from '../../../shared/task/kinds/form.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { deltaOf } from '../../../shared/weights/delta.ts';
import { tensorAt } from '../../../shared/weights/layout.ts';
import { type Batch, batchesOf, inOrder } from './batches.ts';
import type { Device } from './device.ts';
import { examplesOf } from './examples.ts';
import { runLoop } from './loop.ts';
import { buildModel, type DeviceModel } from './model.ts';

/** One training step as numbers: the loss before it, and what it changed. */
export interface ProbeStep {
  readonly loss: number;
  /** Of each tensor of the layout, in its order. */
  readonly deltas: readonly Float32Array[];
}

/** Two real examples are enough to reach every weight's gradient, and few enough for the plain CPU. */
export const PROBE_EXAMPLES = 2;
/** A step as large as its gradient: weights of 0.05 then round far below it. */
const PROBE_RATE = 1;
/** A backend is timed for so long; where a step takes longer it is one step. */
export const TIMED_MS = 150;
/** Slower than the best so far by this factor, one step is enough to tell. */
const HOPELESS_FACTOR = 3;

/** The probe's step on a model of any device; `rows` above two adds padding, as in a last batch. */
export async function probeStep(model: DeviceModel, topology: ModelTopology, rows: number): Promise<ProbeStep> {
  const start = probeParams(topology);
  model.setParams(start);
  const [loss = Number.NaN] = await readAndDispose(model, probeBatch(model, rows));
  const delta = deltaOf(await model.readParams(), start);
  return { loss, deltas: model.layout.entries.map((entry) => tensorAt(delta, entry)) };
}

/** The step in plain JavaScript, on a model that is gone afterwards. `cpu` must be the active device. */
export async function referenceStep(
  topology: ModelTopology,
  loss: ClientPlan['loss'],
  cpu: Device,
): Promise<ProbeStep> {
  const model = buildModel(topology, loss, cpu);
  try {
    return await probeStep(model, topology, PROBE_EXAMPLES);
  } finally {
    model.dispose();
  }
}

/** The loss alone of the probe's examples, in plain JavaScript: it tells how large a model is before its step takes seconds. */
export async function plainLoss(topology: ModelTopology, loss: ClientPlan['loss'], cpu: Device): Promise<number> {
  const model = buildModel(topology, loss, cpu);
  const figure = tidy(() => {
    model.setParams(probeParams(topology));
    return model.trainingLoss(probeBatch(model, PROBE_EXAMPLES));
  });
  try {
    return (await cpu.read([figure]))[0] ?? Number.NaN;
  } finally {
    figure.dispose();
    model.dispose();
  }
}

/**
 * Milliseconds a step of `rows` examples, as training does them: through the same loop, with its reads. The model has made
 * the probe's step before, so that everything is compiled. What is hopelessly slower than `toBeatMs` is soon left alone.
 */
export async function timeSteps(
  model: DeviceModel,
  topology: ModelTopology,
  rows: number,
  { toBeatMs, timedMs }: { readonly toBeatMs: number; readonly timedMs: number },
): Promise<number> {
  model.setParams(probeParams(topology));
  const { device } = model;
  let stepMs = Number.POSITIVE_INFINITY;
  let first: { readonly atMs: number; readonly steps: number } | undefined;
  const startMs = performance.now();
  await runLoop(standingSteps(model, probeBatch(model, rows)), {
    device,
    onRead(_, steps) {
      const nowMs = performance.now();
      stepMs = (nowMs - (first?.atMs ?? startMs)) / (steps - (first?.steps ?? 0));
      // The first read compiles what sums the losses: it counts only where it tells enough by itself.
      if (first === undefined) {
        first = { atMs: nowMs, steps };
        return stepMs < timedMs;
      }
      return nowMs - first.atMs < timedMs && stepMs < HOPELESS_FACTOR * toBeatMs;
    },
  });
  return stepMs;
}

/** Whole training steps at the rate 0: all of the work, and weights that stay where they are. */
function* standingSteps(model: DeviceModel, batch: Batch): Generator<readonly Tensor[]> {
  for (;;) {
    yield tidy(() => {
      const { loss, gradient } = model.gradient(batch);
      model.descend(gradient, 0);
      return [loss];
    });
  }
}

async function readAndDispose(model: DeviceModel, batch: Batch): Promise<Float32Array> {
  const loss = tidy(() => {
    const { loss, gradient } = model.gradient(batch);
    model.descend(gradient, PROBE_RATE);
    return loss;
  });
  try {
    return await model.device.read([loss]);
  } finally {
    loss.dispose();
  }
}

/** The weights that made-up steps begin with. */
export function probeParams(topology: ModelTopology): Float32Array {
  const shape = shapeOf(topology);
  if ('problem' in shape) throw new Error(shape.problem);
  return initialWeights(shape, 1);
}

function probeBatch({ form }: DeviceModel, rows: number): Batch {
  const rng = seededRng(1);
  const columns = emptyColumns(form, PROBE_EXAMPLES);
  const below = form.features.type === 'int32' ? form.features.below : 256;
  columns.features.forEach((_, at) => {
    columns.features[at] = rng.below(below);
  });
  columns.targets.set(form.target.type === 'class' ? [0, 1 % form.target.count] : [0, 1]);
  const examples = examplesOf(form, [columns]);
  const [batch] = batchesOf(examples, inOrder(PROBE_EXAMPLES), Math.max(rows, PROBE_EXAMPLES));
  return batch as Batch;
}
