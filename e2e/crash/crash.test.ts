import { expect, it } from 'vitest';
import { randomKills } from './random-kills.ts';
import { readOptions } from './random-kills-command.ts';

const KILLS = 20;
const seed = Number(process.env.CRASH_SEED ?? 20_261_122);

it(`I1 I2 I3 I4 I7: ${KILLS} SIGKILLs of a running task lose and double nothing (CRASH_SEED=${seed})`, async () => {
  const figures = await randomKills({ kills: KILLS, seed });
  console.log(JSON.stringify(figures));
  expect(figures.betweenAckAndCommit).toBeGreaterThanOrEqual(KILLS / 2);
}, 240_000);

it('the command takes how many, and a seed', () => {
  expect(readOptions(['--seed', '4'])).toEqual({ kills: 1_000, seed: 4 });
  expect(readOptions(['--kills', '20', '--seed', '4'])).toEqual({ kills: 20, seed: 4 });
  expect(readOptions(['--kills', '0'])).toEqual({ problem: '--kills takes a whole number from 1' });
  expect(readOptions(['--no-such-thing'])).toMatchObject({ problem: expect.any(String) });
});
