import { custom } from './custom.ts';
import { digits } from './digits.ts';
import { fashion } from './fashion.ts';
import { seedDense } from './seed-dense.ts';
import { table, tableClasses } from './table.ts';

/** The tasks that ship: one file each, one line here. */
export const TEMPLATES = {
  digits,
  fashion,
  'seed-dense': seedDense,
  table,
  'table-classes': tableClasses,
  custom,
} as const;
export type TemplateName = keyof typeof TEMPLATES;
