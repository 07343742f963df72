import { expect, test } from 'vitest';
import { describeAggregator } from './aggregator.contract.ts';
import { mean } from './mean.ts';

describeAggregator(mean);

const fold = (contributions: readonly { delta: number[]; weight: number }[]): number[] => [
  ...mean.finish(
    contributions.reduce(
      (state, { delta, weight }) => mean.add(state, { delta: Float32Array.from(delta), weight }),
      mean.init(contributions[0]!.delta.length),
    ),
  ),
];

test('weights by examples: (1·[1,2,3] + 3·[5,−2,7]) / 4', () => {
  expect(
    fold([
      { delta: [1, 2, 3], weight: 1 },
      { delta: [5, -2, 7], weight: 3 },
    ]),
  ).toEqual([4, -1, 6]);
});

test('divides by the weights that were counted, not by a number of clients', () => {
  expect(
    fold([
      { delta: [1, 0, 0], weight: 1 },
      { delta: [0, 1, 0], weight: 1 },
      { delta: [0, 0, 1], weight: 1 },
    ]),
  ).toEqual([1 / 3, 1 / 3, 1 / 3]);
});

test('sums in Float64: a thousand small values beside a large one are not lost', () => {
  let state = mean.init(1);
  state = mean.add(state, { delta: Float32Array.of(2 ** 24), weight: 1 });
  for (let i = 0; i < 1_000; i++) state = mean.add(state, { delta: Float32Array.of(0.5), weight: 1 });
  expect(mean.finish(state)[0]! * 1_001).toBeCloseTo(2 ** 24 + 500, 6);
});

test('a weight of nothing is a bug', () => {
  expect(() => fold([{ delta: [1], weight: 0 }])).toThrow('above 0');
  expect(() => fold([{ delta: [1], weight: Number.NaN }])).toThrow('above 0');
});
