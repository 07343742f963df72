import { expect, test } from 'vitest';
import { describeBatchAggregator } from './batch-aggregator.contract.ts';
import { centeredClipping } from './centered-clipping.ts';
import { updatesOf } from './fixtures/listed-updates.ts';

// Within the radius the rule is the mean.
describeBatchAggregator(centeredClipping({ radius: 1e9, passes: 1 }), 1);
describeBatchAggregator(centeredClipping({ radius: 1e9, passes: 3 }), 1);

const updates = updatesOf([3, 4, 0], [0, 0, 1], [0, 0, -100]);

test('a pass from 0 with radius 1: ([3,4,0]/5 + [0,0,1] + [0,0,−1]) / 3', () => {
  const [x, y, z] = centeredClipping({ radius: 1, passes: 1 }).apply(updates, null);
  expect(x).toBeCloseTo(0.2, 12);
  expect(y).toBeCloseTo(0.8 / 3, 12);
  expect(z).toBeCloseTo(0, 12);
});

test('it goes on from the round before: from [3,4,0] to itself + ([0,0,0] + …) / 3', () => {
  // From [3,4,0] the others lie √26 and √10025 away, and count 1 each in their direction.
  const [x, y, z] = centeredClipping({ radius: 1, passes: 1 }).apply(updates, Float32Array.of(3, 4, 0));
  expect(x).toBeCloseTo(3 - (3 / Math.sqrt(26) + 3 / Math.sqrt(10_025)) / 3, 12);
  expect(y).toBeCloseTo(4 - (4 / Math.sqrt(26) + 4 / Math.sqrt(10_025)) / 3, 12);
  expect(z).toBeCloseTo((1 / Math.sqrt(26) - 100 / Math.sqrt(10_025)) / 3, 12);
});

test('two passes are a pass from where the first came to', () => {
  const once = centeredClipping({ radius: 1, passes: 1 });
  const first = updatesOf([2, 0, 0], [0, 0, 0]); // to 0.5: exact in float32
  expect([...once.apply(first, null)]).toEqual([0.5, 0, 0]);
  const second = [...once.apply(first, Float32Array.of(0.5, 0, 0))];
  expect(second).toEqual([0.75, 0, 0]);
  expect([...centeredClipping({ radius: 1, passes: 2 }).apply(first, null)]).toEqual(second);
});

test('an update at the centre is no division by nothing', () => {
  expect([...centeredClipping({ radius: 1, passes: 1 }).apply(updatesOf([0, 0], [0, 0]), null)]).toEqual([0, 0]);
});
