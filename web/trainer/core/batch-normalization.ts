import {
  add,
  customGrad,
  div,
  type GradSaveFunc,
  maximum,
  mul,
  reshape,
  rsqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  tensor2d,
  tidy,
} from '@tensorflow/tfjs-core';
import { initializers, layers } from '@tensorflow/tfjs-layers';

/** What `apply` hands to each layer: none of those of TF.js looks at `count`. */
export interface Pass {
  readonly training: boolean;
  /** Rows of the batch that are examples, the first ones; the others are padding. */
  readonly count?: number;
}

export interface Settings {
  readonly name: string;
  readonly inputShape?: number[];
  readonly momentum: number;
  readonly epsilon: number;
}

/**
 * Batch normalization (Ioffe and Szegedy, ICML 2015, algorithms 1 and 2) over all axes but the last. TF.js has one too, which
 * counts the padding of a last batch among the examples; this one does not. A training pass normalizes by the mean and
 * the variance (of N, as Keras has it) of the batch, and moves the layer's own a little towards them; every other pass
 * normalizes by its own. One value alone has no variance: a pass with no more leaves the layer's own as they are, and
 * goes by them.
 */
export class BatchNormalization extends layers.Layer {
  static readonly className = 'FedtabBatchNormalization';
  readonly #momentum: number;
  readonly #epsilon: number;
  #gamma: Weight | undefined;
  #beta: Weight | undefined;
  #mean: Weight | undefined;
  #variance: Weight | undefined;

  constructor({ momentum, epsilon, ...rest }: Settings) {
    super(rest);
    this.#momentum = momentum;
    this.#epsilon = epsilon;
  }

  override build(inputShape: unknown): void {
    const channels = [(inputShape as number[]).at(-1) as number];
    // Zeros because real weights follow.
    const weight = (name: string, isTrained: boolean) =>
      this.addWeight(name, channels, 'float32', initializers.zeros(), undefined, isTrained);
    this.#gamma = weight('gamma', true);
    this.#beta = weight('beta', true);
    this.#mean = weight('moving_mean', false);
    this.#variance = weight('moving_variance', false);
    this.built = true;
  }

  override computeOutputShape<Shape>(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(inputs: Tensor | Tensor[], pass: Partial<Pass>): Tensor {
    const input = (Array.isArray(inputs) ? inputs[0] : inputs) as Tensor;
    return tidy(() => {
      const channels = input.shape.at(-1) as number;
      const [rows = 1] = input.shape;
      const { training = false, count = rows } = pass;
      const flat = reshape(input, [-1, channels]);
      const lines = flat.shape[0] as number;
      const values = (count * lines) / rows;
      const normalized =
        training && values > 1
          ? this.#byBatch(flat, count < rows ? realLines(rows, count, lines) : null, values)
          : this.#byOwn(flat);
      return reshape(normalized, input.shape);
    });
  }

  #byOwn(flat: Tensor): Tensor {
    const [gamma, beta, mean, variance] = this.#read();
    const scale = mul(rsqrt(add(maximum(variance, 0), this.#epsilon)), gamma);
    return add(mul(sub(flat, mean), scale), beta);
  }

  #byBatch(flat: Tensor, real: Tensor | null, values: number): Tensor {
    const [gamma, beta] = this.#read();
    return normalize(flat, gamma, beta, { real, values, epsilon: this.#epsilon }, (mean, variance) => {
      moveTowards(this.#mean as Weight, mean, this.#momentum);
      moveTowards(this.#variance as Weight, variance, this.#momentum);
    });
  }

  #read(): readonly [Tensor, Tensor, Tensor, Tensor] {
    const read = (weight: Weight | undefined) => (weight as Weight).read();
    return [read(this.#gamma), read(this.#beta), read(this.#mean), read(this.#variance)];
  }
}

type Weight = ReturnType<layers.Layer['addWeight']>;

interface Lines {
  /** lines × 1: 1 for those of examples, 0 for those of padding; null where there is no padding. */
  readonly real: Tensor | null;
  /** Lines of examples. */
  readonly values: number;
  readonly epsilon: number;
}

/**
 * γ x̂ + β with x̂ = (x − μ) s and s = 1 / √(σ² + ε), of lines × channels; μ and σ² over the N lines of examples. Lines of padding
 * become β. Its gradient is written out, because it needs a third of the device programs of the derived one: with g that
 * of the result, dβ = Σ g, dγ = Σ g x̂ and dx = γ s (g − (dβ + x̂ dγ) / N).
 */
function normalize(
  lines: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { real, values, epsilon }: Lines,
  onMoments: (mean: Tensor, variance: Tensor) => void,
): Tensor {
  const apply = customGrad((...given: (Tensor | GradSaveFunc)[]) => {
    const [x, scale, centre, save] = given as [Tensor, Tensor, Tensor, GradSaveFunc];
    const mean = div(sum(ofReal(x, real), 0), values);
    const centred = ofReal(sub(x, mean), real);
    const variance = div(sum(square(centred), 0), values);
    const inverse = rsqrt(add(variance, epsilon));
    const standard = mul(centred, inverse);
    onMoments(mean, variance);
    save([standard, inverse, scale, ...(real === null ? [] : [real])]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [hat, factor, weight, kept = null] = saved as [Tensor, Tensor, Tensor, Tensor?];
      const own = ofReal(dy, kept);
      const dBeta = sum(own, 0);
      const dGamma = sum(mul(own, hat), 0);
      const common = ofReal(div(add(mul(hat, dGamma), dBeta), values), kept);
      return [mul(sub(own, common), mul(factor, weight)), dGamma, dBeta];
    };
    return { value: add(mul(standard, scale), centre), gradFunc };
  });
  return apply(lines, gamma, beta);
}

const ofReal = (lines: Tensor, real: Tensor | null): Tensor => (real === null ? lines : mul(lines, real));

/** own ← momentum · own + (1 − momentum) · that of the batch. */
function moveTowards(weight: Weight, value: Tensor, momentum: number): void {
  const own = weight.read();
  weight.write(add(own, mul(sub(value, own), 1 - momentum)) as Tensor1D);
}

/** The lines of a row lie one after the other. */
function realLines(rows: number, count: number, lines: number): Tensor {
  const real = new Float32Array(lines).fill(1, 0, (count * lines) / rows);
  return tensor2d(real, [lines, 1]);
}
