import fc from 'fast-check';
import { expect, it } from 'vitest';
import { exponentialReconnect } from './reconnect-policy.ts';

const policy = exponentialReconnect();

it('C17: doubles up to its maximum, half of it drawn', () => {
  expect([0, 1, 2, 3, 4, 5, 6].map((attempt) => policy.delayMs(attempt, null, 0))).toEqual([
    250, 500, 1_000, 2_000, 4_000, 7_500, 7_500,
  ]);
  expect(policy.delayMs(2, null, 0.999999)).toBe(2_000);
});

it('C17: the hint of the server wins and is never shortened', () => {
  expect(policy.delayMs(9, 100, 0)).toBe(100);
  expect(policy.delayMs(0, 8_000, 0.5)).toBe(10_000);
  expect(policy.delayMs(0, 0, 0.5)).toBe(0);
});

it('C17: whatever the server says, the delay is a number of at most an hour and a half', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.option(fc.maxSafeNat()),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, hint, roll) => {
        const delayMs = policy.delayMs(attempt, hint, roll);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(5_400_000);
      },
    ),
  );
});
