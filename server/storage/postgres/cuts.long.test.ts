import { expect, it } from 'vitest';
import { cutEverywhere } from './cuts-contract.ts';

it.each(['before', 'after'] as const)(
  'a round is the same wherever its connection is cut: every message, %s it is answered',
  async (cut) => {
    expect(await cutEverywhere(cut, 1, 1)).toBeGreaterThanOrEqual(50);
  },
  600_000,
);
