import { dictionary } from '../../ui/index.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

/** What the contributor's page says, in the current language. */
export const contributeWords = dictionary({ en, zh });
