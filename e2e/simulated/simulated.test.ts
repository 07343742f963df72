import { expect, it } from 'vitest';
import { simulate } from './simulate.ts';

const seed = Number(process.env['SIMULATED_SEED'] ?? 20_261_129);
const WITHIN_MS = 20_000;

it(`I1 I2 I3 I4 I6 I7 I8: whatever fails, and whenever, in ${WITHIN_MS / 1000} s of simulated worlds (SIMULATED_SEED=${seed})`, async () => {
  const figures = await simulate({ seed, rounds: 1_000_000, withinMs: WITHIN_MS });
  console.log(JSON.stringify(figures));
  expect(figures.committed).toBeGreaterThan(50);
  expect(figures.abandoned).toBeGreaterThan(5);
  expect(figures.lives).toBeGreaterThan(figures.worlds);
}, 120_000);

it('the same seed is the same world, to the letter', async () => {
  const run = () => simulate({ seed, rounds: 40 });
  const first = await run();
  expect(await run()).toEqual(first);
});
