import { rm } from 'node:fs/promises';
import { afterAll, expect, it } from 'vitest';
import { kerasFolder } from '../fixtures/keras-folder.ts';
import { gapOf } from '../sim/gap.ts';

const { folder } = kerasFolder();
afterAll(() => rm(folder, { recursive: true }));

it('custom: a convolution that was brought with its weights learns digits nearly as well as in one place', async () => {
  const { before, after, trivial, central, closed } = await gapOf(
    `--task custom --model ${folder} --clients 4 --rounds 4 --examples 300 --seed 1`,
  );
  expect(before).toBe(0.0982);
  // The commonest label of what the contributors have.
  expect(trivial).toBe(0.101);
  expect(central).toBeCloseTo(0.914, 2);
  // The server seeds the shuffling of each round: 0.838 in one run, 0.798 in another.
  expect(after).toBeGreaterThan(0.7);
  expect(closed).toBeGreaterThan(0.7);
});
