import { io, type Tensor, tensor, train } from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { layersModel } from '../../../server/http/model/layers-model.ts';
import { initialWeights } from '../../../shared/model/initial-weights.ts';
import { type ModelShape, type ModelTopology, shapeOf } from '../../../shared/model/topology.ts';
import { MODEL_ZOO, type ZooName, zooTopology } from '../../../shared/model/zoo.ts';
import { seededRng } from '../../../shared/rng.ts';
import { type ExampleForm, emptyColumns } from '../../../shared/task/kinds/form.ts';
import { formOf } from '../../../shared/task/kinds/index.ts';
import { topologyOf } from '../../../shared/task/model-of.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { TEMPLATES, type TemplateName } from '../../../shared/task/templates/index.ts';
import { batchesOf, inOrder } from '../../../web/trainer/core/batches.ts';
import { CLIENT_WORK } from '../../../web/trainer/core/client-work/index.ts';
import type { Device } from '../../../web/trainer/core/device.ts';
import { type Examples, examplesOf, formOfModel } from '../../../web/trainer/core/examples.ts';
import { runLoop } from '../../../web/trainer/core/loop.ts';
import { buildModel } from '../../../web/trainer/core/model.ts';

/** `own`: ours, as a round runs it. `fit`: TF.js's `model.fit`, as its documentation has it. */
export type Loop = 'own' | 'fit';

/** Trains on one batch after the other until the last is done. */
export type Epoch = () => Promise<void>;

/** A model of the zoo, or the one of a template. */
export type BenchModel = ZooName | TemplateName;

interface Trained {
  readonly topology: ModelTopology;
  readonly shape: ModelShape;
  readonly form: ExampleForm;
  readonly plan: ClientPlan;
}

/** Epochs of any number of batches of ten, from the same start and of the same noise; null where `fit` has no such loop. */
export async function epochsOf(
  name: BenchModel,
  loop: Loop,
  device: Device,
): Promise<((batches: number) => Epoch) | null> {
  const trained = trainedOf(name);
  if (loop === 'fit' && trained.plan.work !== 'sgd') return null;
  const epochs = loop === 'own' ? ownEpochs(trained, device) : await fitEpochs(trained);
  return (batches) => epochs(noise(trained, batches));
}

function trainedOf(name: BenchModel): Trained {
  const { batchSize } = TEMPLATES.digits.client;
  if (name in MODEL_ZOO) {
    const topology = zooTopology(name as ZooName);
    const loss = isSoftmax(topology) ? 'categoricalCrossentropy' : 'meanSquaredError';
    const plan = { ...TEMPLATES.digits.client, learningRate: 0.01, loss } as const;
    return { topology, shape: shapeIn(topology), form: formOfModel(topology), plan };
  }
  const { data, model, client } = TEMPLATES[name as TemplateName];
  const topology = topologyOf({ model });
  return {
    topology,
    shape: shapeIn(topology),
    form: formOf(data),
    plan: { ...client, epochs: 1, learningRate: 0.01, batchSize },
  };
}

export const shapeOfBench = (name: BenchModel): ModelShape => trainedOf(name).shape;

function shapeIn(topology: ModelTopology): ModelShape {
  const shape = shapeOf(topology);
  if ('problem' in shape) throw new Error(shape.problem);
  return shape;
}

function isSoftmax({ layers }: ModelTopology): boolean {
  const last = layers.at(-1);
  return last?.class_name === 'Dense' && last.config.activation === 'softmax';
}

function noise({ form, plan }: Trained, batches: number): Examples {
  const rng = seededRng(1);
  const columns = emptyColumns(form, batches * plan.batchSize);
  const below = form.features.type === 'int32' ? form.features.below : 256;
  for (const at of columns.features.keys()) columns.features[at] = rng.below(below);
  const classes = form.target.type === 'class' ? form.target.count : 2;
  for (const at of columns.targets.keys()) columns.targets[at] = rng.below(classes);
  return examplesOf(form, [columns]);
}

function ownEpochs({ topology, shape, plan }: Trained, device: Device): (examples: Examples) => Epoch {
  const model = buildModel(topology, plan.loss, device);
  const params = initialWeights(shape, 1);
  model.setParams(params);
  function* losses(examples: Examples): Generator<readonly Tensor[]> {
    for (const loss of CLIENT_WORK[plan.work].run({ model, params, examples, plan, seed: 1 })) yield [loss];
  }
  return (examples) => async () => void (await runLoop(losses(examples), { device, onRead: () => true }));
}

async function fitEpochs({ topology, shape, plan }: Trained): Promise<(examples: Examples) => Epoch> {
  const { modelTopology, weightsManifest } = layersModel(topology, shape.layout, 'bench');
  const model = await loadLayersModel(
    io.fromMemory({
      modelTopology,
      weightSpecs: weightsManifest.flatMap(({ weights }) => weights) as io.WeightsManifestEntry[],
      weightData: initialWeights(shape, 1).buffer as ArrayBuffer,
    }),
  );
  model.compile({ optimizer: train.sgd(plan.learningRate), loss: plan.loss });
  return (examples) => {
    const [all] = batchesOf(examples, inOrder(examples.count), examples.count);
    if (all === undefined) throw new Error('an epoch has a batch');
    const inputs = tensor(all.inputs, [all.rows, ...topology.input]);
    const targets = tensor(all.targets, [all.rows, shape.output[0] ?? 1]);
    return async () => void (await model.fit(inputs, targets, { batchSize: plan.batchSize, epochs: 1, verbose: 0 }));
  };
}
