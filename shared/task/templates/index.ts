import { digits } from './digits.ts';
import { seedDense } from './seed-dense.ts';

/** The tasks that ship: one file each, one line here. */
export const TEMPLATES = { digits, 'seed-dense': seedDense } as const;
export type TemplateName = keyof typeof TEMPLATES;
