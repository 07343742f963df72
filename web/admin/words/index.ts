import { dictionary } from '../../ui/index.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

/** What the dashboard says, in the current language. */
export const adminWords = dictionary({ en, zh });
