import type { Client } from './browser-client.ts';
import type { ScriptUrlPolicy } from './trusted-types.ts';
import type { Language } from './words/index.ts';

/** What the panel of a running task may do; the consent and the element are the loader's. */
export interface PanelOptions {
  readonly client: Client;
  readonly language: Language;
  /** Goes on after a pause or a fault. */
  readonly onResume: () => void;
  readonly onPause: () => void;
  readonly onLeave: () => void;
  readonly onErase: () => void;
}

/** Deleting: under way, or how it ended. */
export type Erasing = 'busy' | 'done' | 'doneHere' | 'failed';

/** Where the loader, which has no Preact, meets the panel, which comes after consent. */
export interface Panel {
  /** For the shadow root's adopted style sheets. */
  readonly css: string;
  /** Draws into the element until the returned function is called. */
  mount(into: HTMLElement, options: PanelOptions): () => void;
  /** Asks whether everything is to be deleted. */
  askErase(into: HTMLElement, language: Language, onConfirm: () => void): void;
  /** What came of it, in a sentence. */
  erased(language: Language, outcome: Erasing): string;
}

/** What `sdk.js` has for the loader. */
export interface EmbedSupport {
  /** The loader has made the policy `fedtab` already: a name may be taken only once. */
  usePolicy(policy: ScriptUrlPolicy | null): void;
  openPanel(): Promise<Panel>;
}
