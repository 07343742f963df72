import { tidy } from '@tensorflow/tfjs-core';
import { initialWeights } from '../../../shared/model/initial-weights.ts';
import { type ModelTopology, shapeOf } from '../../../shared/model/topology.ts';
import { seededRng } from '../../../shared/rng.ts';
import { emptyColumns } from '../../../shared/task/kinds/form.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { deltaOf } from '../../../shared/weights/delta.ts';
import { norm } from '../../../shared/weights/vector.ts';
import { type Batch, batchesOf, inOrder } from './batches.ts';
import type { Device } from './device.ts';
import { examplesOf } from './examples.ts';
import { buildModel, type DeviceModel } from './model.ts';

/** One training step as numbers: the loss before it, and what it changed. */
export interface ProbeStep {
  readonly loss: number;
  readonly delta: Float32Array;
}

/** Two real examples are enough to reach every weight's gradient, and few enough for the plain CPU. */
const PROBE_EXAMPLES = 2;
/** A step as large as its gradient: weights of 0.05 then round far below it. */
const PROBE_RATE = 1;
/** float32 agrees to about 1e-6, half precision only to about 1e-2. */
const TOLERANCE = 1e-3;

/** The probe's step on a model of any device; `rows` above two adds padding, as in a last batch. */
export async function probeStep(model: DeviceModel, topology: ModelTopology, rows: number): Promise<ProbeStep> {
  const start = probeParams(topology);
  model.setParams(start);
  const [loss = Number.NaN] = await readAndDispose(model, probeBatch(model, rows));
  return { loss, delta: deltaOf(await model.readParams(), start) };
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

/** How far a step is from the reference, relative to the reference; infinite where it is no number at all. */
export function stepError(step: ProbeStep, reference: ProbeStep): number {
  const scale = norm(reference.delta);
  const error = Math.max(
    norm(deltaOf(step.delta, reference.delta)) / scale,
    Math.abs(step.loss - reference.loss) / Math.max(Math.abs(reference.loss), 1e-6),
  );
  return Number.isFinite(error) ? error : Number.POSITIVE_INFINITY;
}

export const isRight = (error: number): boolean => error <= TOLERANCE;

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

function probeParams(topology: ModelTopology): Float32Array {
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
