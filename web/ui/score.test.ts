import { expect, it } from 'vitest';
import { formatError, formatMeasure, measured } from './score.ts';

it('shows the score that there is: a share, or an error in the unit of the target', () => {
  expect(formatMeasure({ accuracy: 0.962 })).toBe('96.2\u00a0%');
  expect(formatMeasure({ absoluteError: 3.6977 })).toBe('±3.70');
  expect(formatMeasure({})).toBe('–');
  expect(formatMeasure(null)).toBe('–');
  expect([measured({ accuracy: 0 }), measured({ absoluteError: 2 }), measured(null)]).toEqual([0, 2, null]);
});

it.each([
  [0, '±0'],
  [0.000123, '±0.000123'],
  [0.5, '±0.500'],
  [12.345, '±12.3'],
  [1234.5, '±1,235'],
])('writes an error of %d as %s', (error, text) => expect(formatError(error)).toBe(text));
