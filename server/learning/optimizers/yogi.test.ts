import fc from 'fast-check';
import { expect, test } from 'vitest';
import { paramsAfterEach } from './fixtures/trace.ts';
import { describeOptimizer } from './optimizer.contract.ts';
import { yogi } from './yogi.ts';

const defaults = {
  name: 'yogi',
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.99,
  tau: 1e-3,
  biasCorrection: false,
} as const;

describeOptimizer(yogi, defaults);

test('three rounds by hand, β₁ = β₂ = ½, τ = 1, η = 6: v = [1,1], [9,1], [9,9]', () => {
  const settings = { ...defaults, learningRate: 6, beta1: 0.5, beta2: 0.5, tau: 1 };
  const deltas = [
    [1, -1],
    [4, 0],
    [0, -4],
  ];
  expect(paramsAfterEach(yogi, settings, [0, 0], deltas)).toEqual([
    [1.5, -1.5],
    [4.875, -2.25],
    [6.5625, -5.4375],
  ]);
});

test('a small gradient lets v sink by (1 − β₂) · g² alone: 4 to 3.5', () => {
  const settings = { ...defaults, beta1: 0.5, beta2: 0.5, tau: 2 };
  const { state } = yogi.apply(Float32Array.of(0), Float64Array.of(1), yogi.init(1, settings), settings);
  expect([...state!]).toEqual([0.5, 3.5, 1]);
});

test('v changes by at most (1 − β₂) · g² in a step', () => {
  const positive = fc.float({ min: Math.fround(1e-6), max: 1e6, noNaN: true });
  fc.assert(
    fc.property(positive, fc.float({ min: -1e3, max: 1e3, noNaN: true }), (v, g) => {
      const { state } = yogi.apply(Float32Array.of(0), Float64Array.of(g), Float32Array.of(0, v, 5), defaults);
      const rounding = 2 ** -23 * (v + 0.01 * g * g);
      expect(Math.abs(state![1]! - v)).toBeLessThanOrEqual((1 - defaults.beta2) * g * g + rounding);
    }),
  );
});
