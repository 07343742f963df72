import { expect, it } from 'vitest';
import { keyOf, wordAt } from './words.ts';

it('P42: the first words of keys 0 and 1, and the key of a seed', () => {
  const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
  expect([0, 1, 2].map((index) => hex(wordAt(0, index)))).toEqual(['92ca2f0e', '3cd6e3f3', '1b147dcc']);
  expect(hex(wordAt(1, 0))).toBe('36deb503');
  expect(keyOf(1)).toBe(wordAt(1, 0));
});
