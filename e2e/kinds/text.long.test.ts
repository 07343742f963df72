import { expect, it } from 'vitest';
import { gapOf } from '../sim/gap.ts';

it('text: four contributors with 300 definitions each tell what others are about, nearly as all of them in one place', async () => {
  const { before, after, trivial, central, closed } = await gapOf(
    '--task text --clients 4 --rounds 5 --examples 300 --seed 1',
  );
  expect(before).toBe(0.165);
  // Six subjects, as many definitions of each.
  expect(trivial).toBeCloseTo(1 / 6, 6);
  expect(central).toBeCloseTo(0.746, 1);
  // The server seeds the shuffling of each round: 0.648 in the run that this was written by.
  expect(after).toBeGreaterThan(0.57);
  expect(closed).toBeGreaterThan(0.7);
});

it('next-character: four contributors with 600 places each tell what comes next as well as all in one place', async () => {
  const { before, after, trivial, central, closed } = await gapOf(
    '--task next-character --clients 4 --rounds 5 --examples 600 --seed 1',
  );
  expect(before).toBe(0.0385);
  // Always a space.
  expect(trivial).toBe(0.152);
  expect(central).toBeCloseTo(0.2515, 1);
  // 0.25 in the run that this was written by.
  expect(after).toBeGreaterThan(0.22);
  expect(closed).toBeGreaterThan(0.7);
});
