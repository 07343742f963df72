import { expect, it } from 'vitest';
import { gapOf } from '../sim/gap.ts';

it('movies: thirty people close most of the gap from the mean of each film to training in one place', async () => {
  const { before, after, trivial, central, closed } = await gapOf(
    '--task movies --clients 30 --rounds 10 --partition people --seed 1',
  );
  // Mean absolute errors, on a scale from 0.5 to 5, of 100 people that nobody trained on: half of each one's ratings make
  // the taste, the other half are scored.
  expect(before).toBeCloseTo(0.984, 2);
  expect(trivial).toBeCloseTo(0.794, 3);
  expect(central).toBeCloseTo(0.448, 1);
  // The server seeds the halves of each round: 0.487 in the run that this was written by.
  expect(after).toBeLessThan(0.56);
  expect(closed).toBeGreaterThan(0.7);
});
