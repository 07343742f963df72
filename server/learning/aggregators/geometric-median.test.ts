import { describe, expect, test } from 'vitest';
import { describeBatchAggregator } from './batch-aggregator.contract.ts';
import { updatesOf } from './fixtures/listed-updates.ts';
import { geometricMedian } from './geometric-median.ts';

describeBatchAggregator(geometricMedian({ passes: 5, smoothing: 1e-6 }), 1);
describeBatchAggregator(geometricMedian({ passes: 20, smoothing: 1e-6 }), 1);

describe('three values on a line: 0, 0 and 6, whose mean is 2', () => {
  const updates = updatesOf([0, 0, 0], [0, 0, 0], [6, 0, 0]);

  test('a pass weighs by 1/2, 1/2 and 1/4: 1.5 / 1.25 = 1.2', () => {
    const [first, ...rest] = geometricMedian({ passes: 1, smoothing: 1e-6 }).apply(updates, null);
    expect(first).toBeCloseTo(1.2, 12);
    expect(rest).toEqual([0, 0]);
  });

  test('many come to the value of the two', () => {
    const [first] = geometricMedian({ passes: 100, smoothing: 1e-6 }).apply(updates, null);
    expect(Math.abs(first!)).toBeLessThan(1e-5);
  });

  test('distances below the smoothing count as it: of 100 all weigh the same', () => {
    const [first] = geometricMedian({ passes: 5, smoothing: 100 }).apply(updates, null);
    expect(first).toBeCloseTo(2, 12);
  });
});

test('an equilateral triangle: its centre', () => {
  const height = Math.sqrt(3) / 2;
  const centre = geometricMedian({ passes: 10, smoothing: 1e-6 }).apply(updatesOf([0, 0], [1, 0], [0.5, height]), null);
  expect(centre[0]).toBeCloseTo(0.5, 6);
  expect(centre[1]).toBeCloseTo(height / 3, 6);
});
