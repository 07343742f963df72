/**
 * What stood behind the numbers of the texts that were brought since the page was opened, so that people can look at
 * them. In this tab's memory only, the newest few: what is stored are the numbers.
 */
const NOTED_COUNT = 500;
const notes = new Map<string, string>();

const SHOWN_CHARACTERS = 200;

export function noteText(text: string, features: ArrayLike<number>): void {
  const key = keyOf(features);
  notes.delete(key);
  notes.set(key, text.trim().replace(/\s+/g, ' ').slice(0, SHOWN_CHARACTERS));
  const [oldest] = notes.keys();
  if (notes.size > NOTED_COUNT && oldest !== undefined) notes.delete(oldest);
}

export const notedText = (features: ArrayLike<number>): string | null => notes.get(keyOf(features)) ?? null;

export const forgetTexts = (): void => notes.clear();

const keyOf = (features: ArrayLike<number>): string => Array.from(features).join(' ');
