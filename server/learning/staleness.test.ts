import { expect, test } from 'vitest';
import { stalenessWeight } from './staleness.ts';

test('B6 s(τ) = 1/√(1+τ): 1, .70711, .5 and .33333 for τ = 0, 1, 3 and 8', () => {
  expect([0, 1, 3, 8].map((versions) => stalenessWeight(versions).toFixed(5))).toEqual([
    '1.00000',
    '0.70711',
    '0.50000',
    '0.33333',
  ]);
  expect(stalenessWeight(0)).toBe(1);
});
