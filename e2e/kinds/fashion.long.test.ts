import { beforeAll, expect, it } from 'vitest';
import { ensureFashion } from '../fixtures/fashion.ts';
import { gapOf } from '../sim/gap.ts';

beforeAll(() => expect(ensureFashion()).toBeNull());

it('fashion: four contributors with 400 examples each close most of the gap to training in one place', async () => {
  const { before, after, trivial, central, closed } = await gapOf(
    '--task fashion --clients 4 --rounds 4 --examples 400 --seed 1',
  );
  // The weights of seed 1 are worse than chance: they favour what is rarely worn.
  expect(before).toBe(0.0133);
  expect(trivial).toBe(0.1);
  expect(central).toBeCloseTo(0.78, 2);
  // The server seeds the shuffling of each round: 0.753 in the run that this was written by.
  expect(after).toBeGreaterThan(0.72);
  expect(closed).toBeGreaterThan(0.85);
});
