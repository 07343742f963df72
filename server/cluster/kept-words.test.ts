import { expect, it } from 'vitest';
import { KeptWords } from './kept-words.ts';

it('keeps the newest words, up to a number and to so many characters', () => {
  const kept = new KeptWords({ words: 3, characters: 100 });
  expect(kept.oldest()).toBe('0-0');
  for (const [id, characters, oldest] of [
    // Nothing of what was there before is to go yet.
    ['1-0', 10, '0-0'],
    ['1-1', 10, '0-0'],
    ['2-0', 10, '0-0'],
    ['3-0', 10, '1-1'],
    ['4-0', 85, '3-0'],
    ['5-0', 200, '5-0'],
    ['6-0', 1, '5-0'],
  ] as const) {
    kept.add(id, characters);
    expect(kept.oldest(), id).toBe(oldest);
  }
  kept.clear();
  expect(kept.oldest()).toBe('0-0');
});
