import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TaskSpec } from '../../../shared/task/spec.ts';
import { initialServerState, nextServerState } from '../server-state.ts';
import { stalenessWeight } from '../staleness.ts';
import { describeAggregator } from './aggregator.contract.ts';
import type { Contribution } from './aggregator.ts';
import { bufferedMean } from './buffered-mean.ts';
import { mean } from './mean.ts';

const fold = (size: number, contributions: readonly { delta: readonly number[]; staleness: number }[]): number[] => {
  const aggregator = bufferedMean(size);
  return [
    ...aggregator.finish(
      contributions.reduce(
        (state, { delta, staleness }) =>
          aggregator.add(state, { delta: Float32Array.from(delta), weight: stalenessWeight(staleness) }),
        aggregator.init(contributions[0]!.delta.length),
      ),
    ),
  ];
};

test('B7 divides by K, not by the weights: ([8,0,4] + ½·[0,8,4]) / 2 = [4,2,3]', () => {
  expect(
    fold(2, [
      { delta: [8, 0, 4], staleness: 0 },
      { delta: [0, 8, 4], staleness: 3 },
    ]),
  ).toEqual([4, 2, 3]);
});

test('B7 a buffer that the deadline found half full makes half a step: [4,0,2] / 4', () => {
  expect(fold(4, [{ delta: [4, 0, 2], staleness: 0 }])).toEqual([1, 0, 0.5]);
});

test('more updates than the buffer holds, none at all, or a weight of none are bugs', () => {
  const twice = [
    { delta: [1], staleness: 0 },
    { delta: [1], staleness: 0 },
  ];
  expect(() => fold(1, twice)).toThrow();
  expect(() => bufferedMean(2).finish(bufferedMean(2).init(1))).toThrow();
  expect(() => bufferedMean(2).add(bufferedMean(2).init(1), { delta: Float32Array.of(1), weight: 0 })).toThrow();
});

const value = fc.float({ min: -1e6, max: 1e6, noNaN: true });
const updates = fc
  .integer({ min: 1, max: 20 })
  .chain((values) =>
    fc.array(fc.array(value, { minLength: values, maxLength: values }), { minLength: 1, maxLength: 12 }),
  );

test('B7 K = cohort and nothing stale is the plain mean of FedAvg, bit for bit', () => {
  fc.assert(
    fc.property(updates, (deltas) => {
      const plain = deltas.reduce(
        (state, delta) => mean.add(state, { delta: Float32Array.from(delta), weight: 1 }),
        mean.init(deltas[0]!.length),
      );
      const fresh = deltas.map((delta) => ({ delta, staleness: 0 }));
      expect(new Float64Array(fold(deltas.length, fresh))).toEqual(mean.finish(plain));
    }),
  );
});

test('B7 K = 1 and nothing stale is sequential SGD on the deltas, bit for bit', () => {
  const strategy: TaskSpec['strategy'] = {
    name: 'fedbuff',
    weighting: 'uniform',
    serverOptimizer: { name: 'sgd', learningRate: 1 },
  };
  fc.assert(
    fc.property(updates, (deltas) => {
      const start = Float32Array.from(deltas[0]!, (_, at) => at);
      let state = initialServerState(start, strategy);
      const byHand = Float32Array.from(start);
      for (const delta of deltas) {
        state = nextServerState(state, Float64Array.from(fold(1, [{ delta, staleness: 0 }])), strategy)!;
        for (let at = 0; at < byHand.length; at++) byHand[at] = byHand[at]! + delta[at]!;
      }
      expect(state.params).toEqual(byHand);
    }),
  );
});

/** With every weight 1 and as many updates as it holds it is a mean, and keeps what every aggregator promises. */
describe('full and fresh', () => {
  const unweighted = {
    name: 'buffered-mean, full and fresh',
    init: (values: number) => ({ values, kept: [] as Float32Array[] }),
    add(state: { values: number; kept: Float32Array[] }, { delta }: Contribution) {
      if (delta.length !== state.values) throw new Error('vectors differ in length');
      return { ...state, kept: [...state.kept, Float32Array.from(delta)] };
    },
    finish({ values, kept }: { values: number; kept: Float32Array[] }) {
      const aggregator = bufferedMean(kept.length);
      return aggregator.finish(
        kept.reduce((state, delta) => aggregator.add(state, { delta, weight: 1 }), aggregator.init(values)),
      );
    },
  };
  describeAggregator(unweighted);
});
