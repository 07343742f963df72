import { expect, it } from 'vitest';
import { cutEverywhere } from './cuts-contract.ts';

const STEP = 10;
const seed = Number(process.env['CRASH_SEED'] ?? 20_261_129);

it.each(['before', 'after'] as const)(
  `a round is the same wherever its connection is cut: every tenth message, %s it is answered (CRASH_SEED=${seed})`,
  async (cut) => {
    expect(await cutEverywhere(cut, 1 + (seed % STEP), STEP)).toBeGreaterThanOrEqual(5);
  },
  120_000,
);
