import { type ModelTopology, shapeOf } from '../../../shared/model/topology.ts';
import type { LayoutEntry } from '../../../shared/weights/layout.ts';

/**
 * Dense layers with relu between them and a softmax at the end, under categorical crossentropy, in plain typed arrays:
 * the multinomial regression and the 2NN of McMahan et al., AISTATS 2017, §3. Everything that a step needs is there
 * from the beginning. Zeros (of pictures, and behind a relu) are left out of every product.
 */
export interface PlainNetwork {
  readonly inputs: number;
  readonly classes: number;
  /** Float64 copies of the flat vector's values. */
  setParams(params: Float32Array): void;
  /** Rounds the weights into `into`, as long as the layout. */
  readParams(into: Float32Array): void;
  /** Row `row` of the next batch, values divided by `divisor`, and its label. */
  fill(row: number, features: ArrayLike<number>, from: number, divisor: number, label: number): void;
  /** One step of gradient descent along the mean over the first `count` rows; the mean loss before it. */
  step(count: number, rate: number): number;
  /** Over the first `count` rows the sum of losses, and how many answers are right. */
  score(count: number): { readonly loss: number; readonly correct: number };
}

interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: LayoutEntry;
  readonly bias: LayoutEntry;
}

/** The dense layers of a topology, or why it is none that is computed here. */
export function denseLayersOf(topology: ModelTopology): readonly Layer[] | { readonly problem: string } {
  const shape = shapeOf(topology);
  if ('problem' in shape) return shape;
  const layers: Layer[] = [];
  let inputs = topology.input.reduce((product, side) => product * side, 1);
  for (const [index, layer] of topology.layers.entries()) {
    if (layer.class_name === 'Flatten') continue;
    if (layer.class_name !== 'Dense') return { problem: `has a layer ${layer.class_name}` };
    const { units, activation } = layer.config;
    const wanted = index === topology.layers.length - 1 ? 'softmax' : 'relu';
    if (activation !== wanted) return { problem: `has a dense layer with ${activation} where ${wanted} is computed` };
    const [kernel, bias] = shape.layout.entries.slice(2 * layers.length);
    layers.push({ inputs, outputs: units, kernel: kernel as LayoutEntry, bias: bias as LayoutEntry });
    inputs = units;
  }
  return layers.length === 0 ? { problem: 'has no dense layer' } : layers;
}

/** A network for batches of up to `rows` examples. */
export function plainNetwork(layers: readonly Layer[], rows: number): PlainNetwork {
  const last = layers.length - 1;
  const { inputs = 0 } = layers[0] ?? {};
  const classes = layers[last]?.outputs ?? 0;
  const kernels = layers.map(({ kernel }) => new Float64Array(kernel.size));
  const biases = layers.map(({ bias }) => new Float64Array(bias.size));
  /** What goes into each layer, and at the end what comes out: row by row. */
  const activations = [inputs, ...layers.map(({ outputs }) => outputs)].map((width) => new Float64Array(rows * width));
  /** Gradients of the loss with respect to what each layer makes before its activation. */
  const errors = layers.map(({ outputs }) => new Float64Array(rows * outputs));
  const labels = new Int32Array(rows);
  const found = new Int32Array(Math.max(rows, ...layers.map((layer) => layer.inputs)));

  function forward(count: number): void {
    for (let at = 0; at <= last; at++) {
      const { inputs: width, outputs } = layers[at] as Layer;
      const [from, to] = [activations[at] as Float64Array, activations[at + 1] as Float64Array];
      for (let row = 0; row < count; row++) {
        to.set(biases[at] as Float64Array, row * outputs);
        addRows(to, row * outputs, outputs, from, row * width, width, kernels[at] as Float64Array, found);
        if (at < last) rectify(to, row * outputs, outputs);
      }
    }
  }

  /** The loss of a row, log Σ exp(z) − z[label]; its error becomes weight · (softmax(z) − target). */
  function lossOf(row: number, weight: number): number {
    const logits = activations[last + 1] as Float64Array;
    const error = errors[last] as Float64Array;
    const start = row * classes;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = start; i < start + classes; i++) most = Math.max(most, logits[i] as number);
    let sum = 0;
    for (let i = start; i < start + classes; i++) sum += error[i] = Math.exp((logits[i] as number) - most);
    for (let i = start; i < start + classes; i++) error[i] = ((error[i] as number) / sum) * weight;
    const own = start + (labels[row] as number);
    error[own] = (error[own] as number) - weight;
    return Math.log(sum) - ((logits[own] as number) - most);
  }

  return {
    inputs,
    classes,
    setParams(params) {
      layers.forEach(({ kernel, bias }, at) => {
        kernels[at]?.set(params.subarray(kernel.offset, kernel.offset + kernel.size));
        biases[at]?.set(params.subarray(bias.offset, bias.offset + bias.size));
      });
    },
    readParams(into) {
      layers.forEach(({ kernel, bias }, at) => {
        into.set(kernels[at] as Float64Array, kernel.offset);
        into.set(biases[at] as Float64Array, bias.offset);
      });
    },
    fill(row, features, from, divisor, label) {
      const [first] = activations as [Float64Array];
      // Divided as float32, as the model gets it elsewhere.
      for (let i = 0; i < inputs; i++) first[row * inputs + i] = Math.fround((features[from + i] as number) / divisor);
      labels[row] = label;
    },
    step(count, rate) {
      forward(count);
      let loss = 0;
      for (let row = 0; row < count; row++) loss += lossOf(row, 1 / count);
      for (let at = last; at >= 0; at--) {
        const { inputs: width, outputs } = layers[at] as Layer;
        const kernel = kernels[at] as Float64Array;
        const bias = biases[at] as Float64Array;
        const error = errors[at] as Float64Array;
        const from = activations[at] as Float64Array;
        // The layer below is told before the weights move.
        if (at > 0) errorsBelow(errors[at - 1] as Float64Array, from, error, kernel, count, width, outputs);
        descend(kernel, from, error, count, width, outputs, rate, found);
        for (let row = 0; row < count; row++)
          for (let j = 0; j < outputs; j++) bias[j] = (bias[j] as number) - rate * (error[row * outputs + j] as number);
      }
      return loss / count;
    },
    score(count) {
      forward(count);
      const logits = activations[last + 1] as Float64Array;
      let loss = 0;
      let correct = 0;
      for (let row = 0; row < count; row++) {
        loss += lossOf(row, 0);
        let best = 0;
        for (let j = 1; j < classes; j++)
          if ((logits[row * classes + j] as number) > (logits[row * classes + best] as number)) best = j;
        if (best === labels[row]) correct++;
      }
      return { loss, correct };
    },
  };
}

/** to[j] += Σ from[i] · kernel[i][j], over the i that are not zero; four at a time, so that `to` is touched a fourth as often. */
function addRows(
  to: Float64Array,
  toStart: number,
  outputs: number,
  from: Float64Array,
  fromStart: number,
  width: number,
  kernel: Float64Array,
  found: Int32Array,
): void {
  let count = 0;
  for (let i = 0; i < width; i++) if (from[fromStart + i] !== 0) found[count++] = i;
  let at = 0;
  for (; at + 3 < count; at += 4) {
    const [i, k, m, n] = [
      found[at] as number,
      found[at + 1] as number,
      found[at + 2] as number,
      found[at + 3] as number,
    ];
    const a = from[fromStart + i] as number;
    const b = from[fromStart + k] as number;
    const c = from[fromStart + m] as number;
    const d = from[fromStart + n] as number;
    const ka = i * outputs;
    const kb = k * outputs;
    const kc = m * outputs;
    const kd = n * outputs;
    for (let j = 0; j < outputs; j++) {
      to[toStart + j] =
        (to[toStart + j] as number) +
        (a * (kernel[ka + j] as number) +
          b * (kernel[kb + j] as number) +
          (c * (kernel[kc + j] as number) + d * (kernel[kd + j] as number)));
    }
  }
  for (; at < count; at++) {
    const i = found[at] as number;
    const a = from[fromStart + i] as number;
    const ka = i * outputs;
    for (let j = 0; j < outputs; j++) to[toStart + j] = (to[toStart + j] as number) + a * (kernel[ka + j] as number);
  }
}

function rectify(values: Float64Array, start: number, length: number): void {
  for (let i = start; i < start + length; i++) if ((values[i] as number) < 0) values[i] = 0;
}

/** below[row][i] = Σ error[row][j] · kernel[i][j] where the relu let something through, else 0. */
function errorsBelow(
  below: Float64Array,
  through: Float64Array,
  error: Float64Array,
  kernel: Float64Array,
  count: number,
  width: number,
  outputs: number,
): void {
  for (let i = 0; i < width; i++) {
    const start = i * outputs;
    for (let row = 0; row < count; row++) {
      if (through[row * width + i] === 0) {
        below[row * width + i] = 0;
        continue;
      }
      const from = row * outputs;
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      let j = 0;
      for (; j + 3 < outputs; j += 4) {
        a += (error[from + j] as number) * (kernel[start + j] as number);
        b += (error[from + j + 1] as number) * (kernel[start + j + 1] as number);
        c += (error[from + j + 2] as number) * (kernel[start + j + 2] as number);
        d += (error[from + j + 3] as number) * (kernel[start + j + 3] as number);
      }
      for (; j < outputs; j++) a += (error[from + j] as number) * (kernel[start + j] as number);
      below[row * width + i] = a + b + (c + d);
    }
  }
}

/** kernel[i][j] −= rate · Σ from[row][i] · error[row][j], row after row four at a time. */
function descend(
  kernel: Float64Array,
  from: Float64Array,
  error: Float64Array,
  count: number,
  width: number,
  outputs: number,
  rate: number,
  found: Int32Array,
): void {
  for (let i = 0; i < width; i++) {
    let rows = 0;
    for (let row = 0; row < count; row++) if (from[row * width + i] !== 0) found[rows++] = row;
    const start = i * outputs;
    let at = 0;
    for (; at + 3 < rows; at += 4) {
      const [p, q, r, s] = [
        found[at] as number,
        found[at + 1] as number,
        found[at + 2] as number,
        found[at + 3] as number,
      ];
      const a = rate * (from[p * width + i] as number);
      const b = rate * (from[q * width + i] as number);
      const c = rate * (from[r * width + i] as number);
      const d = rate * (from[s * width + i] as number);
      const ea = p * outputs;
      const eb = q * outputs;
      const ec = r * outputs;
      const ed = s * outputs;
      for (let j = 0; j < outputs; j++) {
        kernel[start + j] =
          (kernel[start + j] as number) -
          (a * (error[ea + j] as number) +
            b * (error[eb + j] as number) +
            (c * (error[ec + j] as number) + d * (error[ed + j] as number)));
      }
    }
    for (; at < rows; at++) {
      const row = found[at] as number;
      const a = rate * (from[row * width + i] as number);
      const ea = row * outputs;
      for (let j = 0; j < outputs; j++)
        kernel[start + j] = (kernel[start + j] as number) - a * (error[ea + j] as number);
    }
  }
}
