import { expect, test } from 'vitest';
import { seededRng } from '../../../shared/rng.ts';
import { isRight, referenceOf, stepError } from './reference.ts';

const rng = seededRng(5);
const noise = (length: number, scale: number): Float32Array =>
  Float32Array.from({ length }, () => scale * rng.normal());

test('the error of a step is relative to the reference', () => {
  const reference = referenceOf({ loss: 2, deltas: [Float32Array.of(3, 4)] });
  expect(stepError({ loss: 2, deltas: [Float32Array.of(3, 4)] }, reference)).toBe(0);
  expect(stepError({ loss: 2, deltas: [Float32Array.of(3, 4.5)] }, reference)).toBeCloseTo(0.1);
  expect(stepError({ loss: 3, deltas: [Float32Array.of(3, 4)] }, reference)).toBeCloseTo(0.5);
  expect(stepError({ loss: Number.NaN, deltas: [Float32Array.of(3, 4)] }, reference)).toBe(Number.POSITIVE_INFINITY);
  expect(stepError({ loss: 2, deltas: [Float32Array.of(Number.NaN, 4)] }, reference)).toBe(Number.POSITIVE_INFINITY);
  expect([1e-6, 1e-3, 2e-3].map(isRight)).toEqual([true, true, false]);
});

test('32 numbers tell how far apart 100,000 are, whether all differ a little or one differs', () => {
  const delta = noise(100_000, 1);
  const reference = referenceOf({ loss: 1, deltas: [delta] });
  for (const scale of [1e-6, 1e-2, 1]) {
    const changes = noise(delta.length, scale);
    const deltas = [delta.map((value, index) => value + (changes[index] ?? 0))];
    const error = stepError({ loss: 1, deltas }, reference);
    expect(error / scale).toBeGreaterThan(0.5);
    expect(error / scale).toBeLessThan(1.6);
  }
  const one = delta.slice();
  one[77_777] = (one[77_777] ?? 0) + 50;
  expect(stepError({ loss: 1, deltas: [one] }, reference)).toBeGreaterThan(0.1);
});

test('a step that did nothing at all is far from any', () => {
  const reference = referenceOf({ loss: 1, deltas: [noise(1_000, 1)] });
  expect(isRight(stepError({ loss: 1, deltas: [new Float32Array(1_000)] }, reference))).toBe(false);
});

test.each([1e-1, 1e-2, 1e-3, 1e-4])(
  'one layer that is wholly wrong is found out where it is %s of the whole',
  (share) => {
    const [large, small] = [noise(10_000, 1), noise(100, 10 * share)];
    const reference = referenceOf({ loss: 1, deltas: [large, small] });
    const wrong = [
      small.map((value) => -value),
      new Float32Array(100),
      small.toReversed(),
      small.map((value) => 2 * value),
    ];
    for (const other of wrong) {
      expect(isRight(stepError({ loss: 1, deltas: [large, other] }, reference))).toBe(false);
    }
    // What another order of sums does to it does not count.
    const rounded = small.map((value) => value * (1 + 1e-5));
    expect(isRight(stepError({ loss: 1, deltas: [large, rounded] }, reference))).toBe(true);
  },
);

test('a layer that does not learn at all may be off by what rounding leaves, and another number of layers is no answer', () => {
  const reference = referenceOf({ loss: 1, deltas: [noise(10_000, 1), new Float32Array(100)] });
  const large = noise(10_000, 1);
  const same = referenceOf({ loss: 1, deltas: [large, new Float32Array(100)] });
  expect(isRight(stepError({ loss: 1, deltas: [large, new Float32Array(100).fill(1e-6)] }, same))).toBe(true);
  expect(isRight(stepError({ loss: 1, deltas: [large, new Float32Array(100).fill(1e-2)] }, same))).toBe(false);
  expect(stepError({ loss: 1, deltas: [large] }, reference)).toBe(Number.POSITIVE_INFINITY);
});
