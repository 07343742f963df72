import { en } from './en.ts';
import { dictionary } from './language.ts';
import { zh } from './zh.ts';

/** The shared words in the current language. */
export const words = dictionary({ en, zh });
