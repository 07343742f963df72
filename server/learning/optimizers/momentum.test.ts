import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { paramsAfterEach } from './fixtures/trace.ts';
import { momentum } from './momentum.ts';
import { describeOptimizer } from './optimizer.contract.ts';
import { sgd } from './sgd.ts';

const half = { name: 'momentum', learningRate: 0.5, beta: 0.5, nesterov: false } as const;

describeOptimizer(momentum, half);
describeOptimizer(momentum, { ...half, nesterov: true });

const DELTAS = [
  [1, -2],
  [0, 2],
  [-1, 0],
];

test('three rounds by hand, heavy ball: v = [−1,2], [−½,−1], [¾,−½]', () => {
  expect(paramsAfterEach(momentum, half, [1, 2], DELTAS)).toEqual([
    [1.5, 1],
    [1.75, 1.5],
    [1.375, 1.75],
  ]);
});

test('three rounds by hand, Nesterov: the same v, and x − ½ · (½ · v + g)', () => {
  expect(paramsAfterEach(momentum, { ...half, nesterov: true }, [1, 2], DELTAS)).toEqual([
    [1.75, 0.5],
    [1.875, 1.75],
    [1.1875, 1.875],
  ]);
});

describe('β = 0', () => {
  test.each([false, true])('is FedAvg bit for bit (Nesterov: %s)', (nesterov) => {
    const rounds = fc.integer({ min: 1, max: 8 }).chain((values) => {
      const vector = fc.array(fc.float({ min: -1e6, max: 1e6, noNaN: true }), { minLength: values, maxLength: values });
      return fc.tuple(vector, fc.array(vector, { minLength: 1, maxLength: 5 }));
    });
    fc.assert(
      fc.property(rounds, fc.constantFrom(0.1, 0.5, 1), ([start, deltas], learningRate) => {
        const plain = paramsAfterEach(sgd, { name: 'sgd', learningRate }, start, deltas);
        const heavy = paramsAfterEach(momentum, { ...half, learningRate, beta: 0, nesterov }, start, deltas);
        expect(heavy).toEqual(plain);
      }),
    );
  });
});

test('equal deltas bring a pace of η / (1 − β): 0.1 and 0.9 go one delta a round', () => {
  const settings = { ...half, learningRate: 0.1, beta: 0.9 };
  const x = paramsAfterEach(momentum, settings, [0], Array(300).fill([0.25])).map(([value]) => value!);
  expect(x[299]! - x[298]!).toBeCloseTo(0.25, 4);
});
