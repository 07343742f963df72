import { describe, expect, test } from 'vitest';
import { describeBatchAggregator } from './batch-aggregator.contract.ts';
import { updatesOf } from './fixtures/listed-updates.ts';
import { krum } from './krum.ts';
import { multiKrum } from './multi-krum.ts';

describeBatchAggregator(krum({ malicious: 1 }), 5);
describeBatchAggregator(krum({ malicious: 3 }), 9);
describeBatchAggregator(multiKrum({ malicious: 1, keep: 2 }), 5);
describeBatchAggregator(multiKrum({ malicious: 2, keep: 3 }), 7);

describe('five updates, one of them malicious: two neighbours each, themselves excluded', () => {
  // Squared distances to the two nearest others: 1 + 9 = 10, 1 + 4 = 5, 4 + 9 = 13, 16 + 36 = 52, far.
  const updates = updatesOf([0, 0, 0], [1, 0, 0], [3, 0, 0], [7, 0, 0], [90, 90, 90]);

  test('Krum takes the second', () => {
    expect([...krum({ malicious: 1 }).apply(updates, null)]).toEqual([1, 0, 0]);
  });

  test('multi-Krum of two takes the mean of the first two', () => {
    expect([...multiKrum({ malicious: 1, keep: 2 }).apply(updates, null)]).toEqual([0.5, 0, 0]);
  });

  test('multi-Krum of one is Krum', () => {
    expect([...multiKrum({ malicious: 1, keep: 1 }).apply(updates, null)]).toEqual([1, 0, 0]);
  });
});

test('the number of neighbours is n − f − 2, not one more', () => {
  // Three neighbours: 1 + 1 + 4 = 6 for both 1 and 2, a tie. A fourth would be 361 away from 1 and 400 from 2.
  const updates = updatesOf([0], [1], [2], [3], [-18], [-18.5]);
  expect([...krum({ malicious: 1 }).apply(updates, null)]).toEqual([1]);
  const mirrored = updatesOf([3], [2], [1], [0], [-18], [-18.5]);
  expect([...krum({ malicious: 1 }).apply(mirrored, null)]).toEqual([2]);
});

test('ties go to the lowest index', () => {
  const corners = [
    [0, 1],
    [1, 0],
    [0, -1],
    [-1, 0],
    [50, 50],
  ] as const;
  expect([...krum({ malicious: 1 }).apply(updatesOf(...corners), null)]).toEqual([0, 1]);
  expect([...krum({ malicious: 1 }).apply(updatesOf(...corners.toReversed()), null)]).toEqual([-1, 0]);
  expect([...multiKrum({ malicious: 1, keep: 2 }).apply(updatesOf(...corners), null)]).toEqual([0.5, 0.5]);
});

test('multi-Krum keeps no more than n − f − 2', () => {
  const updates = updatesOf([0], [1], [2], [3], [9]);
  expect(() => multiKrum({ malicious: 1, keep: 3 }).apply(updates, null)).toThrow('n − f − 2');
});
