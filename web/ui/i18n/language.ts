import { signal } from '@preact/signals';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

const STORED = 'fedtab-language';
const isLanguage = (value: unknown): value is Language => LANGUAGES.includes(value as Language);

/** What everything on the page is written in. Read it in a component and the component follows. */
export const language = signal<Language>('en');

/** Picks a language: asked for (`?lang=`), else kept from before, else the browser's first that we have. */
export function chooseLanguage(asked: string | null, kept: string | null, preferred: readonly string[]): Language {
  const candidates = [asked, kept, ...preferred].map((tag) => tag?.toLowerCase().split('-')[0]);
  return candidates.find(isLanguage) ?? 'en';
}

/** At the start of a page. Storage may be forbidden: then nothing is kept. */
export function startLanguage(search: string): void {
  const asked = new URLSearchParams(search).get('lang');
  showIn(chooseLanguage(asked, kept(), navigator.languages));
}

/** A person's choice: shown now and kept for the next visit. */
export function setLanguage(chosen: Language): void {
  showIn(chosen);
  try {
    localStorage.setItem(STORED, chosen);
  } catch {}
}

function showIn(chosen: Language): void {
  language.value = chosen;
  document.documentElement.lang = chosen === 'zh' ? 'zh-Hans' : 'en';
}

function kept(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

/** A dictionary for each language becomes one function that answers in the current one. A missing key does not compile. */
export function dictionary<Words>(words: Readonly<Record<Language, Words>>): () => Words {
  return () => words[language.value];
}
