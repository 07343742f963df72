import { seededRng } from '../../shared/rng.ts';

/** Deltas that repeat: the contributors of one round send these, each with a weight of its own. */
export const VARIANTS = 8;
/** One of 200 reports that is missing shows in the seventh digit, and the norm of a million values stays far under the limit. */
const SCALE = 0.01;

/** The delta of variant `index`, the same in every process. */
export function deltaOf(index: number, values: number): Float32Array {
  const rng = seededRng(index + 1, 0);
  return Float32Array.from({ length: values }, () => (2 * rng.uniform() - 1) * SCALE);
}

export const variantOf = (contributor: number): number => contributor % VARIANTS;
/** Examples that a contributor says that it trained on: weights that differ. */
export const examplesOf = (contributor: number): number => 100 + (contributor % 7);

/**
 * The largest relative distance of a version from what a round of all contributors must make of the one before:
 * w + Σ n_k · delta_k / Σ n_k in Float64. Relative to 1 where the value is smaller.
 */
export function distanceFromMean(before: Float32Array, after: Float32Array, contributors: number): number {
  const weights = new Float64Array(VARIANTS);
  for (let index = 0; index < contributors; index++) {
    const variant = variantOf(index);
    weights[variant] = (weights[variant] as number) + examplesOf(index);
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const expected = Float64Array.from(before);
  weights.forEach((weight, variant) => {
    const delta = deltaOf(variant, before.length);
    for (let i = 0; i < delta.length; i++)
      expected[i] = (expected[i] as number) + (weight / total) * (delta[i] as number);
  });
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const value = expected[i] as number;
    largest = Math.max(largest, Math.abs((after[i] as number) - value) / Math.max(1, Math.abs(value)));
  }
  return largest;
}
