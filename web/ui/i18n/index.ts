export type { DeviceReason, Facts, MemberState, Reason, TrainerReason, Words } from './en.ts';
export * from './format.ts';
export {
  dictionary,
  type Language,
  language,
  startLanguage,
} from './language.ts';
export { reasonSentence, stateSentence } from './sentence.ts';
export { words } from './words.ts';
