import { expect, test } from 'vitest';
import { adam } from './adam.ts';
import { paramsAfterEach } from './fixtures/trace.ts';
import { describeOptimizer } from './optimizer.contract.ts';

const defaults = {
  name: 'adam',
  learningRate: 0.1,
  beta1: 0.9,
  beta2: 0.99,
  tau: 1e-3,
  biasCorrection: false,
} as const;

describeOptimizer(adam, defaults);
describeOptimizer(adam, { ...defaults, biasCorrection: true });

test('three rounds by hand, β₁ = β₂ = ½, τ = 1, η = 6: v = [1,1], [25,1], [25,25]', () => {
  const settings = { ...defaults, learningRate: 6, beta1: 0.5, beta2: 0.5, tau: 1 };
  const deltas = [
    [1, -1],
    [7, 1],
    [-5, -7],
  ];
  expect(paramsAfterEach(adam, settings, [0, 0], deltas)).toEqual([
    [1.5, -1.5],
    [5.25, -0.75],
    [4.625, -4.125],
  ]);
});

test('equal deltas bring steps of η · D / (|D| + τ)', () => {
  const x = paramsAfterEach(adam, { ...defaults, tau: 0.5 }, [0, 0], Array(3_000).fill([0.5, -2]));
  expect(x[2_999]![0]! - x[2_998]![0]!).toBeCloseTo((0.1 * 0.5) / (0.5 + 0.5), 4);
  expect(x[2_999]![1]! - x[2_998]![1]!).toBeCloseTo((0.1 * -2) / (2 + 0.5), 4);
});

test('the bias is not corrected unless asked: steps of ¾, corrected 1.5 and then √0.4375 · 3', () => {
  const settings = { ...defaults, learningRate: 6, beta1: 0.75, beta2: 0.75, tau: 1 };
  expect(paramsAfterEach(adam, settings, [0], [[1]])).toEqual([[0.75]]);
  const [[first], [second]] = paramsAfterEach(adam, { ...settings, biasCorrection: true }, [0], [[1], [1]]) as [
    [number],
    [number],
  ];
  expect(first).toBe(1.5);
  expect(second).toBeCloseTo(1.5 + 1.984313, 5);
});

test('the state is m, v and the number of steps: [0, τ², 0] at first', () => {
  const settings = { ...defaults, beta1: 0.5, beta2: 0.5, tau: 1 };
  const state = adam.init(1, settings);
  expect([...state!]).toEqual([0, 1, 0]);
  expect([...adam.apply(Float32Array.of(0), Float64Array.of(-7), state, settings).state!]).toEqual([-3.5, 25, 1]);
});
