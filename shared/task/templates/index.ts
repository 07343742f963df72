import { custom } from './custom.ts';
import { digits } from './digits.ts';
import { fashion } from './fashion.ts';
import { keywords } from './keywords.ts';
import { movies } from './movies.ts';
import { nextCharacter } from './next-character.ts';
import { seedDense } from './seed-dense.ts';
import { table, tableClasses } from './table.ts';
import { text } from './text.ts';

/** The tasks that ship: one file each, one line here. */
export const TEMPLATES = {
  digits,
  fashion,
  'seed-dense': seedDense,
  table,
  'table-classes': tableClasses,
  text,
  'next-character': nextCharacter,
  keywords,
  movies,
  custom,
} as const;
export type TemplateName = keyof typeof TEMPLATES;
