import { expect, test } from 'vitest';
import { deltaOf, distanceFromMean, examplesOf, VARIANTS, variantOf } from './deltas.ts';

test('a delta is the same each time, and another for each variant', () => {
  expect(deltaOf(3, 50)).toEqual(deltaOf(3, 50));
  expect(deltaOf(3, 50)).not.toEqual(deltaOf(4, 50));
  expect(Math.max(...deltaOf(0, 1_000).map(Math.abs))).toBeLessThanOrEqual(0.01);
});

test('the mean of a round is told from one that misses a report', () => {
  const before = Float32Array.from({ length: 40 }, (_, index) => index / 10 - 2);
  const contributors = VARIANTS + 3;
  const meanOf = (indices: readonly number[]): Float32Array => {
    const total = indices.reduce((sum, index) => sum + examplesOf(index), 0);
    const sums = Float64Array.from(before);
    for (const index of indices)
      deltaOf(variantOf(index), before.length).forEach((value, at) => {
        sums[at] = (sums[at] as number) + (examplesOf(index) / total) * value;
      });
    return Float32Array.from(sums);
  };
  const all = Array.from({ length: contributors }, (_, index) => index);
  expect(distanceFromMean(before, meanOf(all), contributors)).toBeLessThan(1e-6);
  expect(distanceFromMean(before, meanOf(all.slice(1)), contributors)).toBeGreaterThan(1e-6);
});
