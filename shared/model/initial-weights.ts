import { seededRng } from '../rng.ts';
import { tensorAt } from '../weights/layout.ts';
import type { ModelShape } from './topology.ts';

/**
 * Initial weights from a seed: the same seed gives the same bits everywhere. Kernels by Glorot and Bengio 2010,
 * eq. 16 (uniform in ±√(6 / (fanIn + fanOut))) or He et al. 2015 (normal with deviation √(2 / fanIn)); embeddings
 * uniform in ±0.05 as Keras has them; biases zero. A normalization begins as the identity: scale and variance one.
 * Each tensor draws from its own stream, so that a changed layer does not shift the others.
 */
export function initialWeights(model: ModelShape, seed: number): Float32Array {
  const flat = new Float32Array(model.layout.size);
  model.weights.forEach((weight, index) => {
    const entry = model.layout.entries[index];
    if (entry === undefined || weight.initializer === 'zeros') return;
    const values = tensorAt(flat, entry);
    const rng = seededRng(seed, index + 1);
    if (weight.initializer === 'ones') {
      values.fill(1);
    } else if (weight.initializer !== 'heNormal') {
      const bound = weight.initializer === 'embedding' ? 0.05 : Math.sqrt(6 / (weight.fanIn + weight.fanOut));
      for (let i = 0; i < values.length; i++) values[i] = (2 * rng.uniform() - 1) * bound;
    } else {
      const deviation = Math.sqrt(2 / weight.fanIn);
      for (let i = 0; i < values.length; i++) values[i] = rng.normal() * deviation;
    }
  });
  return flat;
}
