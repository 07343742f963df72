import { dictionary } from '../../../ui/i18n/index.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

export const panelWords = dictionary({ en, zh });
