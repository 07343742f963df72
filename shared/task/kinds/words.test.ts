import { expect, it } from 'vitest';
import { LIMITS } from '../../limits.ts';
import { fnv1a, wordNumbers, wordsOf } from './words.ts';

it('hashes as FNV-1a of 32 bits does: the values of draft-eastlake-fnv', () => {
  expect(['', 'a', 'foobar'].map(fnv1a)).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

it.each([
  ['A small bird; it sings!', ['a', 'small', 'bird', 'it', 'sings']],
  ['ÉTÉ e\u0301te\u0301 ﬁn', ['été', 'été', 'fin']],
  ['WordNet 3.1', ['wordnet', '3', '1']],
  ['会唱歌的 bird鸟', ['会', '唱', '歌', '的', 'bird', '鸟']],
  ['हिन्दी', ['हिन्दी']],
  [' — … 🙂 ', []],
])('%j has these words', (text, words) => {
  expect(wordsOf(text, 10)).toEqual(words);
});

it('a text is the numbers of its first words, said again until the places are full', () => {
  const form = { length: 5, buckets: 100 };
  const [a, foobar] = [0xe40c292c % 100, 0xbf9cf968 % 100];
  expect(wordNumbers('A foobar.', form)).toEqual(Int32Array.of(a, foobar, a, foobar, a));
  expect(wordNumbers('a a a a a foobar', form)).toEqual(Int32Array.of(a, a, a, a, a));
  expect(wordNumbers('?!', form)).toBeNull();
});

it('a text far too long is not read to its end', () => {
  expect(wordsOf(`${' '.repeat(LIMITS.textCharacters)}late`, 10)).toEqual([]);
});
