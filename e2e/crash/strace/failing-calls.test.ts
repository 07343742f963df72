import { expect, it } from 'vitest';
import { ensureStrace } from '../../fixtures/strace.ts';
import { faultAtEveryCall } from '../every-call.ts';

const seed = Number(process.env['EVERY_CALL_SEED'] ?? 20_261_130);

it.each([
  ['EIO', 'fsync', 10],
  ['ENOSPC', 'pwrite64', 60],
] as const)(
  `I1 I2 I3 I4 I7: %s of %s, one of the first %i, is no promise, and rounds go on (EVERY_CALL_SEED=${seed})`,
  async (fault, call, step) => {
    expect(ensureStrace()).toBeNull();
    const { faults } = await faultAtEveryCall({
      ...{ step, seed, isFromNothing: false },
      ...{ fault, calls: [call], most: 1 },
    });
    expect(faults[call]).toBe(1);
  },
  120_000,
);
