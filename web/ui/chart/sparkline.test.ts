import { expect, it } from 'vitest';
import { sparkPath } from './sparkline.tsx';

it('goes from the lowest to the highest value within its size', () => {
  expect(sparkPath([0, 1], 64, 20)).toBe('M2.0 18.0L62.0 2.0');
});
it('starts a new stroke after a gap', () => {
  expect(sparkPath([0, null, 1, 1], 34, 20)).toBe('M2.0 18.0M22.0 2.0L32.0 2.0');
});
it('draws nothing of fewer than two values, and a flat line for equal ones', () => {
  expect(sparkPath([1], 64, 20)).toBe('');
  expect(sparkPath([null, Number.NaN], 64, 20)).toBe('');
  expect(sparkPath([2, 2], 64, 20)).toBe('M2.0 18.0L62.0 18.0');
});
it('keeps to a given range', () => {
  expect(sparkPath([0.5, 1], 64, 20, [0, 1])).toBe('M2.0 10.0L62.0 2.0');
});
