import { expect, test } from 'vitest';
import { adagrad } from './adagrad.ts';
import { paramsAfterEach } from './fixtures/trace.ts';
import { describeOptimizer } from './optimizer.contract.ts';

describeOptimizer(adagrad, { name: 'adagrad', learningRate: 0.1, tau: 1e-3 });

test('three rounds by hand, τ = 3: v = [25,25], [169,25], [169,169]', () => {
  const deltas = [
    [4, -4],
    [12, 0],
    [0, 12],
  ];
  expect(paramsAfterEach(adagrad, { name: 'adagrad', learningRate: 2, tau: 3 }, [0, 0], deltas)).toEqual([
    [1, -1],
    [2.5, -1],
    [2.5, 0.5],
  ]);
});

test('v begins at τ²', () => {
  expect([...adagrad.init(2, { name: 'adagrad', learningRate: 1, tau: 0.5 })!]).toEqual([0.25, 0.25]);
});
