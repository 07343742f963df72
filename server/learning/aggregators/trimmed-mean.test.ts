import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeBatchAggregator } from './batch-aggregator.contract.ts';
import { listedUpdates, updatesOf } from './fixtures/listed-updates.ts';
import { mean } from './mean.ts';
import { trimmedMean } from './trimmed-mean.ts';

describeBatchAggregator(trimmedMean({ share: 0.2 }), 1);
describeBatchAggregator(trimmedMean({ share: 0.49 }), 1);

test('a third of three at each end leaves the one in the middle', () => {
  const updates = updatesOf([1, -5, 0], [2, 90, 0], [9, -6, -1]);
  expect([...trimmedMean({ share: 0.34 }).apply(updates, null)]).toEqual([2, -5, 0]);
});

test('a fifth of five: without the lowest and the highest, the mean of three', () => {
  const updates = updatesOf([1], [2], [6], [-100], [100]);
  expect([...trimmedMean({ share: 0.2 }).apply(updates, null)]).toEqual([3]);
});

test('less than one is none: 0.3 of three', () => {
  expect([...trimmedMean({ share: 0.3 }).apply(updatesOf([0], [0], [9]), null)]).toEqual([3]);
});

test('0.29 of a hundred are 29, whatever the rounding', () => {
  const updates = updatesOf(...Array.from({ length: 100 }, (_, at) => [at < 29 ? -1e6 : at >= 71 ? 1e6 : 5]));
  expect([...trimmedMean({ share: 0.29 }).apply(updates, null)]).toEqual([5]);
});

test('without trimming it is the mean, bit for bit', () => {
  const value = fc.float({ min: -1e6, max: 1e6, noNaN: true });
  const round = fc
    .integer({ min: 1, max: 8 })
    .chain((values) =>
      fc.array(fc.array(value, { minLength: values, maxLength: values }), { minLength: 1, maxLength: 12 }),
    );
  fc.assert(
    fc.property(round, (lists) => {
      const deltas = lists.map((list) => Float32Array.from(list));
      const expected = mean.finish(
        deltas.reduce((state, delta) => mean.add(state, { delta, weight: 1 }), mean.init(deltas[0]!.length)),
      );
      expect(trimmedMean({ share: 0 }).apply(listedUpdates(deltas), null)).toEqual(expected);
    }),
  );
});
