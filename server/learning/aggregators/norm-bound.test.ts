import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeAggregator } from './aggregator.contract.ts';
import { mean } from './mean.ts';
import { normBound } from './norm-bound.ts';

describeAggregator(normBound({ norm: 1e9 }));

const fold = (bound: number, contributions: readonly { delta: readonly number[]; weight: number }[]): number[] => {
  const aggregator = normBound({ norm: bound });
  return [
    ...aggregator.finish(
      contributions.reduce(
        (state, { delta, weight }) => aggregator.add(state, { delta: Float32Array.from(delta), weight }),
        aggregator.init(contributions[0]!.delta.length),
      ),
    ),
  ];
};

test('norms of 5, 2.5 and 13 with a bound of 2.5: halved, whole, and brought to 2.5', () => {
  const [x, y, z] = fold(2.5, [
    { delta: [3, 4, 0], weight: 1 },
    { delta: [0, 1.5, 2], weight: 1 },
    { delta: [0, 0, -13], weight: 1 },
  ]);
  expect(x).toBeCloseTo(1.5 / 3, 12);
  expect(y).toBeCloseTo((2 + 1.5) / 3, 12);
  expect(z).toBeCloseTo((2 - 2.5) / 3, 12);
});

test('the bound changes the update, not its weight', () => {
  expect(
    fold(1, [
      { delta: [4, 0, 0], weight: 3 },
      { delta: [0, 0.5, 0], weight: 1 },
    ]),
  ).toEqual([0.75, 0.125, 0]);
});

test('threat C2: one of ten moves the mean by no more than a tenth of the bound', () => {
  const value = fc.float({ min: -1e6, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(fc.array(value, { minLength: 3, maxLength: 3 }), (attack) => {
      const honest = Array(9).fill({ delta: [0.125, 0, 0], weight: 1 });
      const [x, y, z] = fold(2, [...honest, { delta: attack, weight: 1 }]) as [number, number, number];
      expect(Math.hypot(x - 0.1125, y, z)).toBeLessThanOrEqual(0.2 + 1e-9);
    }),
  );
});

test('below the bound it is the mean, bit for bit', () => {
  const value = fc.float({ min: -1e3, max: 1e3, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.array(value, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 9 }), (deltas) => {
      const plain = deltas.reduce(
        (state, delta) => mean.add(state, { delta: Float32Array.from(delta), weight: 1 }),
        mean.init(3),
      );
      expect(
        fold(
          1e4,
          deltas.map((delta) => ({ delta, weight: 1 })),
        ),
      ).toEqual([...mean.finish(plain)]);
    }),
  );
});
