import { expect, test } from 'vitest';
import { optimizerOf } from './index.ts';
import { describeOptimizer } from './optimizer.contract.ts';
import { sgd } from './sgd.ts';

describeOptimizer(sgd, { name: 'sgd', learningRate: 1 });
describeOptimizer(sgd, { name: 'sgd', learningRate: 0.1 });

test('x − 0.5 · g', () => {
  const step = sgd.apply(Float32Array.of(1, 2, 3), Float64Array.of(2, -4, 0), null, { name: 'sgd', learningRate: 0.5 });
  expect([...step.params]).toEqual([0, 4, 3]);
  expect(step.state).toBeNull();
});

test('is found by the name in a strategy', () => {
  expect(optimizerOf({ name: 'sgd', learningRate: 1 })).toBe(sgd);
});
