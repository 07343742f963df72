import { expect, test } from 'vitest';
import { describeBatchAggregator } from './batch-aggregator.contract.ts';
import { updatesOf } from './fixtures/listed-updates.ts';
import { median } from './median.ts';

describeBatchAggregator(median, 1);

test('of three: the one in the middle, coordinate by coordinate', () => {
  expect([...median.apply(updatesOf([1, -5, 0], [2, 90, 0], [9, -6, -1]), null)]).toEqual([2, -5, 0]);
});

test('of four: the mean of the two in the middle', () => {
  expect([...median.apply(updatesOf([1, 0, 4], [2, 0, 1], [9, 0, 3], [4, 8, -7]), null)]).toEqual([3, 0, 2]);
});

test('sorts as numbers, not as text', () => {
  expect([...median.apply(updatesOf([100], [9], [-10]), null)]).toEqual([9]);
});
