import * as v from 'valibot';
import { LIMITS } from '../limits.ts';
import { layoutOf, type WeightLayout } from '../weights/layout.ts';

/**
 * A model as a plain TF.js Layers topology: the JSON that `tf.models.modelFromJSON` takes, restricted to a list
 * of layers whose weights we can count before anything is built (threat C17).
 */

const units = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.parametersCount));
const side = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1024));
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
]);
export type LayerTopology = v.InferOutput<typeof layerConfig>;

/** A sequential model: input shape without the batch dimension, then layers in order. */
export const topologySchema = v.strictObject({
  input: v.pipe(
    v.array(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000))),
    v.minLength(1),
    v.maxLength(3),
  ),
  layers: v.pipe(v.array(layerConfig), v.minLength(1), v.maxLength(64)),
});
export type ModelTopology = v.InferOutput<typeof topologySchema>;

interface WeightShape {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: 'glorotUniform' | 'heNormal' | 'zeros';
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
  const weights: WeightShape[] = [];
  const names = new Set<string>();
  for (const layer of topology.layers) {
    const { config } = layer;
    if (names.has(config.name)) return { problem: `two layers are named ${config.name}` };
    names.add(config.name);
    if (layer.class_name === 'Flatten') {
      shape = [shape.reduce((product, length) => product * length, 1)];
      continue;
    }
    if (layer.class_name === 'Dense') {
      if (shape.length !== 1)
        return { problem: `${config.name}: a Dense layer takes a flat input; put Flatten before it` };
      const fanIn = shape[0] as number;
      addLayer(layer.config, [fanIn, layer.config.units], fanIn, layer.config.units, layer.config.units);
      multiplyAdds += fanIn * layer.config.units;
      shape = [layer.config.units];
    } else {
      const [height, width, channels] = shape;
      if (height === undefined || width === undefined || channels === undefined)
        return { problem: `${config.name}: this layer takes [height, width, channels]` };
      const window = layer.class_name === 'Conv2D' ? layer.config.kernel_size : layer.config.pool_size;
      const rows = pooled(height, window[0], layer.config.strides[0], layer.config.padding);
      const columns = pooled(width, window[1], layer.config.strides[1], layer.config.padding);
      if (rows < 1 || columns < 1) return { problem: `${config.name}: the window is larger than its input` };
      if (layer.class_name === 'Conv2D') {
        const area = window[0] * window[1];
        const { filters } = layer.config;
        addLayer(layer.config, [window[0], window[1], channels, filters], area * channels, area * filters, filters);
        multiplyAdds += rows * columns * filters * area * channels;
        shape = [rows, columns, filters];
      } else shape = [rows, columns, channels];
    }
    if (parameters > LIMITS.parametersCount)
      return { problem: `more than ${LIMITS.parametersCount} parameters at layer ${config.name}` };
  }
  if (weights.length === 0) return { problem: 'the model has nothing to learn' };
  return { weights, layout: layoutOf(weights), output: shape, multiplyAdds };

  function addLayer(
    config: { readonly name: string; readonly kernel_initializer?: WeightShape['initializer'] | undefined },
    kernel: readonly number[],
    fanIn: number,
    fanOut: number,
    biases: number,
  ): void {
    const initializer = config.kernel_initializer ?? 'glorotUniform';
    weights.push({ name: `${config.name}/kernel`, shape: kernel, initializer, fanIn, fanOut });
    weights.push({ name: `${config.name}/bias`, shape: [biases], initializer: 'zeros', fanIn, fanOut });
    parameters += kernel.reduce((product, length) => product * length, 1) + biases;
  }
}
