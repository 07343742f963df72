import { expect, test } from 'vitest';
import { seededRng } from '../../../shared/rng.ts';
import { isRight, referenceOf, stepError } from './reference.ts';

const rng = seededRng(5);
const noise = (length: number, scale: number): Float32Array =>
  Float32Array.from({ length }, () => scale * rng.normal());

test('the error of a step is relative to the reference', () => {
  const reference = referenceOf({ loss: 2, delta: Float32Array.of(3, 4) });
  expect(stepError({ loss: 2, delta: Float32Array.of(3, 4) }, reference)).toBe(0);
  expect(stepError({ loss: 2, delta: Float32Array.of(3, 4.5) }, reference)).toBeCloseTo(0.1);
  expect(stepError({ loss: 3, delta: Float32Array.of(3, 4) }, reference)).toBeCloseTo(0.5);
  expect(stepError({ loss: Number.NaN, delta: Float32Array.of(3, 4) }, reference)).toBe(Number.POSITIVE_INFINITY);
  expect(stepError({ loss: 2, delta: Float32Array.of(Number.NaN, 4) }, reference)).toBe(Number.POSITIVE_INFINITY);
  expect([1e-6, 1e-3, 2e-3].map(isRight)).toEqual([true, true, false]);
});

test('64 numbers tell how far apart 100,000 are, whether all differ a little or one differs', () => {
  const delta = noise(100_000, 1);
  const reference = referenceOf({ loss: 1, delta });
  for (const scale of [1e-6, 1e-2, 1]) {
    const changes = noise(delta.length, scale);
    const error = stepError({ loss: 1, delta: delta.map((value, index) => value + (changes[index] ?? 0)) }, reference);
    expect(error / scale).toBeGreaterThan(0.6);
    expect(error / scale).toBeLessThan(1.5);
  }
  const one = delta.slice();
  one[77_777] = (one[77_777] ?? 0) + 50;
  expect(stepError({ loss: 1, delta: one }, reference)).toBeGreaterThan(0.1);
});

test('a step that did nothing at all is far from any', () => {
  const reference = referenceOf({ loss: 1, delta: noise(1_000, 1) });
  expect(isRight(stepError({ loss: 1, delta: new Float32Array(1_000) }, reference))).toBe(false);
});
