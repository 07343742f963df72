import { LIMITS } from '../../limits.ts';

/**
 * Words as numbers. A text is brought to one writing (Unicode NFKC, lower case) and cut into words: runs of letters and
 * digits, and each Han character by itself, since Chinese puts no spaces between words. A word's number is its hash
 * modulo the buckets of the task: two words may share one, and none needs to be known beforehand.
 */
const WORD = /\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{M}\p{N}])+/gu;

/** The first `most` words of a text; a longer text is not read further. */
export function wordsOf(text: string, most: number): readonly string[] {
  const words: string[] = [];
  const read = text.slice(0, LIMITS.textCharacters).normalize('NFKC').toLowerCase();
  for (const [word] of read.matchAll(WORD)) {
    if (words.length === most) break;
    words.push(word);
  }
  return words;
}

/**
 * FNV-1a, 32 bits, of the word's UTF-8 bytes: http://www.isthe.com/chongo/tech/comp/fnv. It spreads words evenly and is
 * no secret: whoever has a number finds the common words behind it by trying them.
 */
export function fnv1a(word: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(word)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/**
 * The numbers of a text's words; null where there is no word in it. A text shorter than `length` is said again until the
 * places are full: the mean over all places is then that of its words, to within a part of one repetition. Empty places
 * would be most of what a short text is made of, and the model would learn them first.
 */
export function wordNumbers(
  text: string,
  { length, buckets }: { readonly length: number; readonly buckets: number },
): Int32Array | null {
  const words = wordsOf(text, length);
  if (words.length === 0) return null;
  const numbers = new Int32Array(length);
  const own = words.map((word) => fnv1a(word) % buckets);
  for (let at = 0; at < length; at++) numbers[at] = own[at % own.length] as number;
  return numbers;
}
