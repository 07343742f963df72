import { io, type Tensor, tensor, train } from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { layersModel } from '../../../server/http/model/layers-model.ts';
import { initialWeights } from '../../../shared/model/initial-weights.ts';
import { type ModelShape, type ModelTopology, shapeOf } from '../../../shared/model/topology.ts';
import { type ZooName, zooTopology } from '../../../shared/model/zoo.ts';
import { seededRng } from '../../../shared/rng.ts';
import { emptyColumns } from '../../../shared/task/kinds/form.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { digits } from '../../../shared/task/templates/digits.ts';
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

interface Trained {
  readonly topology: ModelTopology;
  readonly shape: ModelShape;
  readonly plan: ClientPlan;
}

/** Epochs of any number of batches of ten, from the same start and of the same noise. */
export async function epochsOf(name: ZooName, loop: Loop, device: Device): Promise<(batches: number) => Epoch> {
  const topology = zooTopology(name);
  const shape = shapeOf(topology);
  if ('problem' in shape) throw new Error(shape.problem);
  const loss = isSoftmax(topology) ? 'categoricalCrossentropy' : 'meanSquaredError';
  const trained: Trained = { topology, shape, plan: { ...digits.client, learningRate: 0.01, loss } };
  const epochs = loop === 'own' ? ownEpochs(trained, device) : await fitEpochs(trained);
  return (batches) => epochs(noise(trained, batches));
}

function isSoftmax({ layers }: ModelTopology): boolean {
  const last = layers.at(-1);
  return last?.class_name === 'Dense' && last.config.activation === 'softmax';
}

function noise({ topology, shape, plan }: Trained, batches: number): Examples {
  const rng = seededRng(1);
  const form = formOfModel(topology);
  const columns = emptyColumns(form, batches * plan.batchSize);
  columns.features.set(columns.features.map(() => rng.below(256)));
  columns.targets.set(columns.targets.map(() => rng.below(shape.output[0] ?? 1)));
  return examplesOf(form, [columns]);
}

function ownEpochs({ topology, shape, plan }: Trained, device: Device): (examples: Examples) => Epoch {
  const model = buildModel(topology, plan.loss, device);
  const params = initialWeights(shape, 1);
  model.setParams(params);
  function* losses(examples: Examples): Generator<readonly Tensor[]> {
    for (const loss of CLIENT_WORK.sgd.run({ model, params, examples, plan, seed: 1 })) yield [loss];
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
