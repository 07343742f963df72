import { expect, it } from 'vitest';
import { gapOf } from '../sim/gap.ts';

const flags = '--clients 4 --rounds 5 --examples 300 --seed 1';

it('table: four contributors predict minutes nearly as well as all their rows in one place', async () => {
  const { before, after, trivial, central, closed } = await gapOf(`--task table ${flags}`);
  // Mean absolute errors, in minutes; the median of all trips is the trivial answer.
  expect(before).toBeCloseTo(12.55, 2);
  expect(trivial).toBeCloseTo(10.61, 2);
  expect(central).toBeCloseTo(3.64, 1);
  // The server seeds the shuffling of each round: 3.70 in the run that this was written by.
  expect(after).toBeLessThan(4.2);
  expect(closed).toBeGreaterThan(0.9);
});

it('table-classes: four contributors tell late trips nearly as well as all their rows in one place', async () => {
  const { before, after, trivial, central, closed } = await gapOf(`--task table-classes ${flags}`);
  expect(before).toBe(0.498);
  expect(trivial).toBe(0.6205);
  expect(central).toBeCloseTo(0.802, 1);
  expect(after).toBeGreaterThan(0.77);
  expect(closed).toBeGreaterThan(0.8);
});
