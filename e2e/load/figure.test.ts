import { expect, it } from 'vitest';
import { slopeOf } from './figure.ts';

it('the slope of a line is the line’s, and of what only wavers it is small', () => {
  expect(slopeOf([1, 3, 5, 7])).toBe(2);
  expect(slopeOf([5, 5, 5])).toBe(0);
  expect(slopeOf([0, 1, 0, 1, 0])).toBe(0);
  expect(slopeOf([4])).toBe(0);
});
