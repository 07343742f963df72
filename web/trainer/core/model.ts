import {
  mul,
  type Scalar,
  scalar,
  softmax,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor,
  tensor1d,
  tensor2d,
  tidy,
  type Variable,
  variableGrads,
} from '@tensorflow/tfjs-core';
import { layers, type Sequential, sequential } from '@tensorflow/tfjs-layers';
import { assert, BugError } from '../../../shared/assert.ts';
import { isTrained, type LayerTopology, type ModelTopology, shapeOf } from '../../../shared/model/topology.ts';
import type { ExampleForm } from '../../../shared/task/kinds/form.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { type LayoutEntry, tensorAt, type WeightLayout } from '../../../shared/weights/layout.ts';
import { BatchNormalization, type Pass } from './batch-normalization.ts';
import type { Batch } from './batches.ts';
import type { Device } from './device.ts';
import { formOfModel } from './examples.ts';
import { absoluteErrorOf, accuracyOf, LOSSES } from './losses.ts';

/**
 * A model on a device, built once and kept: its weights are set from and read into one flat vector. Methods that
 * return tensors are called inside the caller's `tidy`.
 */
export interface DeviceModel {
  readonly device: Device;
  readonly layout: WeightLayout;
  /** Of one example, without the batch dimension. */
  readonly input: readonly number[];
  /** Of the last layer: one for each class, or one alone for a number. */
  readonly outputs: number;
  /** What the topology says of the examples. */
  readonly form: ExampleForm;
  /** Copies the flat vector to the device. */
  setParams(params: Float32Array): void;
  /** The flat vector, by one read. */
  readParams(): Promise<Float32Array>;
  /**
   * Mean loss over the batch's real examples, and its gradient with respect to each tensor of the layout that takes steps: all
   * but the moving means and variances of normalizations, which this pass moves.
   */
  gradient(batch: Batch): { readonly loss: Scalar; readonly gradient: readonly Tensor[] };
  /** The loss of `gradient` alone. */
  trainingLoss(batch: Batch): Scalar;
  /** params ← params − rate · gradient. */
  descend(gradient: readonly Tensor[], rate: number): void;
  /** A flat vector as the tensors that take steps, which the caller disposes. */
  upload(params: Float32Array): readonly Tensor[];
  /** params − anchor, tensor by tensor of those that take steps. */
  offset(anchor: readonly Tensor[]): readonly Tensor[];
  /** Over the batch's real examples the mean loss, and the share of right answers or the mean absolute error. */
  score(batch: Batch): { readonly loss: Scalar; readonly measure: Scalar };
  /** Probabilities where the model ends in a softmax, else its outputs: rows × classes. */
  predict(inputs: Float32Array, rows: number): Tensor2D;
  dispose(): void;
}

/** Builds the topology on the active device; its weights are zeros until they are set. */
export function buildModel(topology: ModelTopology, loss: ClientPlan['loss'], device: Device): DeviceModel {
  const shape = shapeOf(topology);
  if ('problem' in shape) throw new BugError(`an unchecked topology: ${shape.problem}`);
  const { layout } = shape;
  const outputs = shape.output[0] ?? 0;
  const form = formOfModel(topology);
  const measureOf = form.target.type === 'class' ? accuracyOf : absoluteErrorOf;
  const isFused = loss === 'categoricalCrossentropy';
  const network = build(topology, isFused);
  // Layer by layer: TF.js lists what is not trained at the end of the whole.
  const weights = network.layers.flatMap((layer) => layer.weights);
  assertLayout(weights, layout);
  const all = weights.map((weight) => weight.read() as Variable);
  const trained = layout.entries.filter(isTrained);
  const variables = all.filter((_, index) => isTrained(layout.entries[index] as LayoutEntry));

  // A copy: the CPU backend works on the very array that it is given.
  const tensorsAt = (params: Float32Array, entries: readonly LayoutEntry[]): readonly Tensor[] => {
    assert(params.length === layout.size, 'params have the length of the layout');
    return entries.map((entry) => tensor(tensorAt(params, entry).slice(), [...entry.shape]));
  };
  const scoring: Pass = { training: false };
  const trainingOn = ({ count }: Batch): Pass => ({ training: true, count });
  const forward = (inputs: Tensor, pass: Pass): Tensor2D => network.apply(inputs, { ...pass }) as Tensor2D;
  const inputsOf = (values: Float32Array, rows: number): Tensor => tensor(values, [rows, ...topology.input]);
  const tensorsOf = (batch: Batch): readonly [Tensor, Tensor2D, Tensor1D] => [
    inputsOf(batch.inputs, batch.rows),
    tensor2d(batch.targets, [batch.rows, batch.tastes === undefined ? outputs : 1]),
    tensor1d(batch.weights),
  ];

  /** The outputs, or what each row's taste makes of them: rows × 1. */
  const answersTo = ({ rows, tastes }: Batch, inputs: Tensor, pass: Pass): Tensor2D => {
    const own = forward(inputs, pass);
    return tastes === undefined ? own : (sum(mul(own, tensor2d(tastes, [rows, outputs])), -1, true) as Tensor2D);
  };

  return {
    device,
    layout,
    input: topology.input,
    outputs,
    form,
    setParams(params) {
      tidy(() => {
        tensorsAt(params, layout.entries).forEach((part, index) => void (all[index] as Variable).assign(part));
      });
    },
    readParams: () => device.read(all),
    gradient(batch) {
      const [inputs, targets, weights] = tensorsOf(batch);
      const lossOf = () => LOSSES[loss](answersTo(batch, inputs, trainingOn(batch)), targets, weights);
      const { value, grads } = variableGrads(lossOf, variables);
      return { loss: value, gradient: variables.map(({ name }) => grads[name] as Tensor) };
    },
    trainingLoss(batch) {
      const [inputs, targets, weights] = tensorsOf(batch);
      return LOSSES[loss](answersTo(batch, inputs, trainingOn(batch)), targets, weights);
    },
    descend(gradient, rate) {
      const factor = scalar(rate);
      variables.forEach((variable, index) => {
        // One at a time: the memory of one product serves the next, and what is warm in the cache is used again.
        tidy(() => variable.assign(sub(variable, mul(gradient[index] as Tensor, factor))));
      });
    },
    upload: (params) => tensorsAt(params, trained),
    offset: (anchor) => variables.map((variable, index) => sub(variable, anchor[index] as Tensor)),
    score(batch) {
      const [inputs, targets, weights] = tensorsOf(batch);
      const answers = answersTo(batch, inputs, scoring);
      const measure = batch.tastes === undefined ? measureOf : absoluteErrorOf;
      return { loss: LOSSES[loss](answers, targets, weights), measure: measure(answers, targets, weights) };
    },
    predict(inputs, rows) {
      const answers = forward(inputsOf(inputs, rows), scoring);
      return isFused ? softmax(answers) : answers;
    },
    dispose: () => void network.dispose(),
  };
}

/** The layers in order. With `isFused` the last layer's softmax is left out: the loss and `predict` have it. */
function build(topology: ModelTopology, isFused: boolean): Sequential {
  const network = sequential();
  topology.layers.forEach((layer, index) => {
    const isLogits = isFused && index === topology.layers.length - 1;
    // TF.js hands a linear one's input on as it is, and disposes it as what has been used up.
    if (layer.class_name === 'Activation' && index > 0 && (isLogits || layer.config.activation === 'linear')) return;
    network.add(layerOf(layer, index === 0 ? { inputShape: [...topology.input] } : {}, isLogits));
  });
  return network;
}

function layerOf(layer: LayerTopology, input: { inputShape?: number[] }, isLogits: boolean) {
  // Kernels start as zeros because real weights follow; drawing them here would only take time.
  const zeros = { kernelInitializer: 'zeros', biasInitializer: 'zeros' } as const;
  switch (layer.class_name) {
    case 'Flatten':
      return layers.flatten({ ...input, name: layer.config.name });
    case 'Activation':
      return layers.activation({ ...input, ...layer.config });
    case 'BatchNormalization': {
      const { name, momentum, epsilon } = layer.config;
      return new BatchNormalization({ ...input, name, momentum, epsilon });
    }
    case 'Dense': {
      const { name, units, activation } = layer.config;
      return layers.dense({ ...input, ...zeros, name, units, activation: isLogits ? 'linear' : activation });
    }
    case 'Conv2D': {
      const { name, filters, kernel_size: kernelSize, strides, padding, activation } = layer.config;
      return layers.conv2d({ ...input, ...zeros, name, filters, kernelSize, strides, padding, activation });
    }
    case 'GlobalAveragePooling1D':
      return layers.globalAveragePooling1d({ ...input, name: layer.config.name });
    case 'GlobalAveragePooling2D':
      return layers.globalAveragePooling2d({ ...input, name: layer.config.name, dataFormat: 'channelsLast' });
    case 'Embedding': {
      const { name, input_dim: inputDim, output_dim: outputDim } = layer.config;
      return layers.embedding({ ...input, name, inputDim, outputDim, embeddingsInitializer: 'zeros' });
    }
    case 'MaxPooling2D': {
      const { name, pool_size: poolSize, strides, padding } = layer.config;
      return layers.maxPooling2d({ ...input, name, poolSize, strides, padding });
    }
  }
}

function assertLayout(weights: Sequential['weights'], layout: WeightLayout): void {
  const built = weights.map(({ originalName, shape }) => `${originalName}:${shape.join('x')}`);
  const expected = layout.entries.map(({ name, shape }) => `${name}:${shape.join('x')}`);
  assert(built.join() === expected.join(), `TF.js builds ${built.join()}, the layout is ${expected.join()}`);
}
