import * as v from 'valibot';
import { LIMITS } from '../limits.ts';
import { layoutOf, type WeightLayout } from '../weights/layout.ts';

/**
 * A model as a plain TF.js Layers topology: the JSON that `tf.models.modelFromJSON` takes, restricted to a list
 * of layers whose weights we can count before anything is built (threat C17).
 */

const units = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.parametersCount));
const side = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.windowSideCount));
const pair = v.tuple([side, side]);
const name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,39}$/));
const activation = v.picklist(['linear', 'relu', 'sigmoid', 'tanh', 'softmax']);
const padding = v.picklist(['same', 'valid']);
const initializer = v.picklist(['glorotUniform', 'heNormal', 'zeros']);

const layerConfig = v.variant('class_name', [
  v.strictObject({
    class_name: v.literal('Flatten'),
    config: v.strictObject({ name }),
  }),
  v.strictObject({
    class_name: v.literal('Dense'),
    config: v.strictObject({ name, units, activation, kernel_initializer: v.optional(initializer) }),
  }),
  v.strictObject({
    class_name: v.literal('Conv2D'),
    config: v.strictObject({
      name,
      filters: units,
      kernel_size: pair,
      strides: pair,
      padding,
      activation,
      kernel_initializer: v.optional(initializer),
    }),
  }),
  v.strictObject({
    class_name: v.literal('MaxPooling2D'),
    config: v.strictObject({ name, pool_size: pair, strides: pair, padding }),
  }),
  v.strictObject({
    class_name: v.literal('GlobalAveragePooling2D'),
    config: v.strictObject({ name }),
  }),
  v.strictObject({
    class_name: v.literal('GlobalAveragePooling1D'),
    config: v.strictObject({ name }),
  }),
  v.strictObject({
    class_name: v.literal('Embedding'),
    /** Token t becomes row t of the kernel, `input_dim` rows of `output_dim` values. */
    config: v.strictObject({
      name,
      input_dim: units,
      output_dim: units,
      embeddings_initializer: v.optional(initializer),
    }),
  }),
  v.strictObject({
    class_name: v.literal('Activation'),
    config: v.strictObject({ name, activation }),
  }),
  v.strictObject({
    class_name: v.literal('BatchNormalization'),
    /** Ioffe and Szegedy, ICML 2015, over all but the last axis, with a scale and a centre; Keras' defaults. */
    config: v.strictObject({
      name,
      /** The last one, as −1 or counted with the batch as axis 0. */
      axis: v.optional(v.picklist([-1, 1, 2, 3])),
      /** How much of a moving mean and variance stays in a training step. */
      momentum: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(0.9999)), 0.99),
      epsilon: v.optional(v.pipe(v.number(), v.minValue(1e-7), v.maxValue(1)), 1e-3),
    }),
  }),
]);
export type LayerTopology = v.InferOutput<typeof layerConfig>;

/** A sequential model: input shape without the batch dimension, then layers in order. */
export const topologySchema = v.strictObject({
  input: v.pipe(
    v.array(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000))),
    v.minLength(1),
    v.maxLength(3),
  ),
  layers: v.pipe(v.array(layerConfig), v.minLength(1), v.maxLength(LIMITS.layersCount)),
});
export type ModelTopology = v.InferOutput<typeof topologySchema>;

interface WeightShape {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: 'glorotUniform' | 'heNormal' | 'zeros' | 'ones' | 'embedding';
  readonly fanIn: number;
  readonly fanOut: number;
}

/** What a topology amounts to: its weights in the model's order, the output shape, multiply-adds of one forward pass. */
export interface ModelShape {
  readonly weights: readonly WeightShape[];
  readonly layout: WeightLayout;
  readonly output: readonly number[];
  readonly multiplyAdds: number;
}

const pooled = (length: number, window: number, stride: number, mode: 'same' | 'valid'): number =>
  mode === 'same' ? Math.ceil(length / stride) : Math.floor((length - window) / stride) + 1;

/** Walks the layers; a sentence instead where they do not fit together or grow beyond the limit. */
export function shapeOf(topology: ModelTopology): ModelShape | { readonly problem: string } {
  let shape: readonly number[] = topology.input;
  let multiplyAdds = 0;
  let parameters = 0;
  let values = countOf(shape);
  const weights: WeightShape[] = [];
  const names = new Set<string>();
  for (const [index, layer] of topology.layers.entries()) {
    const { name } = layer.config;
    if (names.has(name)) return { problem: `two layers are named ${name}` };
    names.add(name);
    const made = effectOf(layer, shape, index === 0);
    if ('problem' in made) return { problem: `${name}: ${made.problem}` };
    weights.push(...made.weights);
    shape = made.output;
    multiplyAdds += made.multiplyAdds;
    parameters += made.weights.reduce((sum, weight) => sum + countOf(weight.shape), 0);
    values += countOf(shape);
    if (parameters > LIMITS.parametersCount)
      return { problem: `more than ${LIMITS.parametersCount} parameters at layer ${name}` };
    if (values * 4 > LIMITS.activationBytes)
      return { problem: `one example takes more than ${LIMITS.activationBytes} bytes at layer ${name}` };
  }
  if (weights.length === 0) return { problem: 'the model has nothing to learn' };
  return { weights, layout: layoutOf(weights), output: shape, multiplyAdds };
}

const countOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

interface Effect {
  readonly output: readonly number[];
  readonly weights: readonly WeightShape[];
  readonly multiplyAdds: number;
}

/** Of a BatchNormalization, in Keras' order: at the beginning it leaves its input as it is. */
const BATCH_NORMALIZATION = [
  ['gamma', 'ones'],
  ['beta', 'zeros'],
  ['moving_mean', 'zeros'],
  ['moving_variance', 'ones'],
] as const;

/** What one layer makes of its input shape: nothing is allocated, however large its numbers are. */
function effectOf(layer: LayerTopology, input: readonly number[], isFirst: boolean): Effect | { problem: string } {
  const plain = (output: readonly number[]): Effect => ({ output, weights: [], multiplyAdds: 0 });
  switch (layer.class_name) {
    case 'Flatten':
      return plain([countOf(input)]);
    case 'Activation':
      return plain(input);
    case 'BatchNormalization': {
      const { name, axis = -1 } = layer.config;
      if (axis !== -1 && axis !== input.length) return { problem: 'this layer normalizes the last axis alone' };
      const channels = input.at(-1) ?? 0;
      const weights = BATCH_NORMALIZATION.map(([tensor, initializer]) => ({
        ...{ name: `${name}/${tensor}`, shape: [channels], initializer },
        ...{ fanIn: channels, fanOut: channels },
      }));
      return { output: input, weights, multiplyAdds: countOf(input) };
    }
    case 'Dense': {
      const [fanIn = 0] = input;
      if (input.length !== 1) return { problem: 'a Dense layer takes a flat input; put Flatten before it' };
      const { units } = layer.config;
      const weights = kernelAndBias(layer.config, [fanIn, units], { fanIn, fanOut: units });
      return { output: [units], weights, multiplyAdds: fanIn * units };
    }
    case 'Embedding': {
      const { name, input_dim: rows, output_dim: width, embeddings_initializer: drawn } = layer.config;
      if (!isFirst || input.length !== 1) return { problem: 'an Embedding is the first layer, of an input of tokens' };
      const embeddings = {
        name: `${name}/embeddings`,
        shape: [rows, width],
        initializer: drawn ?? 'embedding',
      } as const;
      return { output: [...input, width], weights: [{ ...embeddings, fanIn: rows, fanOut: width }], multiplyAdds: 0 };
    }
    case 'GlobalAveragePooling1D':
      return input.length === 2 ? plain(input.slice(1)) : { problem: 'this layer takes [steps, features]' };
    case 'GlobalAveragePooling2D':
      return input.length === 3 ? plain(input.slice(2)) : { problem: 'this layer takes [height, width, channels]' };
    case 'Conv2D':
    case 'MaxPooling2D': {
      const [height, width, channels] = input;
      if (height === undefined || width === undefined || channels === undefined)
        return { problem: 'this layer takes [height, width, channels]' };
      const window = layer.class_name === 'Conv2D' ? layer.config.kernel_size : layer.config.pool_size;
      const rows = pooled(height, window[0], layer.config.strides[0], layer.config.padding);
      const columns = pooled(width, window[1], layer.config.strides[1], layer.config.padding);
      if (rows < 1 || columns < 1) return { problem: 'the window is larger than its input' };
      if (layer.class_name === 'MaxPooling2D') return plain([rows, columns, channels]);
      const { filters } = layer.config;
      const area = window[0] * window[1];
      const fans = { fanIn: area * channels, fanOut: area * filters };
      const weights = kernelAndBias(layer.config, [window[0], window[1], channels, filters], fans);
      return { output: [rows, columns, filters], weights, multiplyAdds: rows * columns * filters * area * channels };
    }
  }
}

function kernelAndBias(
  config: { readonly name: string; readonly kernel_initializer?: 'glorotUniform' | 'heNormal' | 'zeros' | undefined },
  kernel: readonly number[],
  fans: Pick<WeightShape, 'fanIn' | 'fanOut'>,
): WeightShape[] {
  const initializer = config.kernel_initializer ?? 'glorotUniform';
  return [
    { name: `${config.name}/kernel`, shape: kernel, initializer, ...fans },
    { name: `${config.name}/bias`, shape: kernel.slice(-1), initializer: 'zeros', ...fans },
  ];
}

/** The names of the layers that normalize by their batch. */
export const normalizing = ({ layers }: ModelTopology): readonly string[] =>
  layers.flatMap(({ class_name, config }) => (class_name === 'BatchNormalization' ? [config.name] : []));

/** Of a tensor that may hold no value below 0. */
export const isVariance = ({ name }: { readonly name: string }): boolean => name.endsWith('/moving_variance');

/** Of a tensor that takes gradient steps; the others are counted while a model trains (`BatchNormalization`). */
export const isTrained = (tensor: { readonly name: string }): boolean =>
  !tensor.name.endsWith('/moving_mean') && !isVariance(tensor);

/** What each layer hands on, without the batch dimension; ends before the first that does not fit. */
export function outputsOf({ input, layers }: ModelTopology): readonly (readonly number[])[] {
  const outputs: (readonly number[])[] = [];
  for (const [index, layer] of layers.entries()) {
    const made = effectOf(layer, outputs.at(-1) ?? input, index === 0);
    if ('problem' in made) break;
    outputs.push(made.output);
  }
  return outputs;
}

/** How many tokens a model knows: the rows of its Embedding; null where it takes other values. */
export function tokensOf({ layers: [first] }: ModelTopology): number | null {
  return first?.class_name === 'Embedding' ? first.config.input_dim : null;
}
