import { type EmbedWords, en } from './en.ts';
import { zh } from './zh.ts';

export type { EmbedWords };
export type Language = 'en' | 'zh';

export const embedWords: Readonly<Record<Language, EmbedWords>> = { en, zh };

/** The first language of these that there are words in: what the site asked for, the page's own, the browser's. */
export function languageOf(...tags: readonly (string | null | undefined)[]): Language {
  for (const tag of tags) {
    const primary = tag?.toLowerCase().split('-')[0];
    if (primary === 'en' || primary === 'zh') return primary;
  }
  return 'en';
}

/** 796840 → "797 kB"; decimal units, as networks count. */
export function bytesIn(bytes: number): string {
  const [value, unit] = bytes < 999_500 ? [bytes / 1e3, 'kB'] : [bytes / 1e6, 'MB'];
  return `${Number(value.toFixed(value < 9.95 ? 1 : 0))}\u00a0${unit}`;
}

/** As both languages write it, by hand: the first `Intl.NumberFormat` holds up a site's page for a tenth of a second. */
export const numberIn = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',');
