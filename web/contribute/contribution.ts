import type { ReadonlySignal } from '@preact/signals';
import type { PublicTask } from '../../shared/protocol/public-task.ts';
import type { ExampleColumns, FeatureValues } from '../../shared/task/kinds/form.ts';
import type { CourtesyChoices, UsedToday } from '../client/courtesy.ts';
import type { BackendChoice, RequestedBackend } from '../client/ports.ts';
import type { ClientView } from '../client/view.ts';
import type { StoredExample } from '../data/dataset.ts';
import type { DataFailureReason } from '../data/failure.ts';
import type { PersonalFit } from '../data/personal-fits.ts';
import type { Measure } from '../ui/index.ts';
import type { Strokes } from './drawing.ts';

/**
 * All that the contributor's page shows and can do. The page draws it and knows nothing else, so that literal values
 * draw every state (ui/gallery). `joining.ts` makes the real one.
 */
export interface Contribution {
  readonly task: PublicTask;
  /** What the person chose, at first what `?backend=` asked for. */
  readonly requested: ReadonlySignal<RequestedBackend>;
  /** The engine's view; before the first press a literal `idle` one. */
  readonly view: ReadonlySignal<ClientView>;
  readonly model: ReadonlySignal<ModelNow>;
  readonly examples: ReadonlySignal<ExamplesView>;
  readonly trial: ReadonlySignal<TrialView>;
  /** The model that was fitted to the examples on this device. */
  readonly personal: ReadonlySignal<PersonalView>;
  /** The model as it was when this profile last joined; null before. */
  readonly before: ReadonlySignal<ModelThen | null>;
  /** Versions seen since the page was opened, oldest first. */
  readonly seen: ReadonlySignal<readonly ModelThen[]>;
  /** When it may train on this device, and what it has used of it today. */
  readonly courtesy: ReadonlySignal<CourtesyView>;
  /** Presses that are being carried out: their buttons wait. */
  readonly presses: ReadonlySignal<ReadonlySet<Press>>;

  showExamples(): Promise<void>;
  addDrawing(strokes: Strokes, label: number): Promise<boolean>;
  readImages(files: readonly File[]): Promise<readonly ImageRead[]>;
  addImages(images: readonly { readonly image: Uint8Array; readonly label: number }[]): Promise<void>;
  /** Of any kind, as its importer made them; false where they were refused (a toast has said why). */
  addExamples(columns: ExampleColumns): Promise<boolean>;
  addSamples(): Promise<void>;
  removeExample(id: number): Promise<void>;
  showMore(): Promise<void>;
  repair(): Promise<void>;

  /** Another backend: what runs on the present one is given back. */
  choose(backend: RequestedBackend): void;
  /** The caller has the consent. */
  join(): Promise<void>;
  pause(): void;
  resume(): void;
  leave(): Promise<void>;
  erase(): Promise<void>;

  /** `undefined` goes back to what the task asks for. */
  chooseWhen(change: ChoiceChange): void;

  openTrial(): Promise<void>;
  /** Refused while joined and not paused: one thing trains at a time. */
  fit(): Promise<void>;
  stopFit(): void;
  /** Whether "Try it" answers with the fitted model. */
  usePersonal(isUsed: boolean): void;
  forgetFit(): Promise<void>;
  /** null where there is nothing to look at. */
  predict(example: FeatureValues | null | Promise<FeatureValues | null>): Promise<void>;
}

export interface CourtesyView {
  readonly choices: CourtesyChoices;
  readonly used: UsedToday;
}
export type ChoiceChange = { readonly [Key in keyof CourtesyChoices]: CourtesyChoices[Key] | undefined };

export type Press = 'join' | 'samples' | 'images' | 'import' | 'repair' | 'erase';

/** The shared model as it is now. */
export interface ModelNow {
  readonly version: number;
  readonly sha256: string;
  /** On held-out examples. */
  readonly score: Measure | null;
  readonly online: number;
  readonly state: PublicTask['state'];
}
export interface ModelThen {
  readonly version: number;
  readonly sha256: string;
  readonly score: Measure | null;
}

/** Nothing is opened before a press: until then only what the page remembers of an earlier visit. */
export type ExamplesView =
  | { readonly kind: 'closed'; readonly remembered: { readonly count: number; readonly bytes: number } | null }
  | { readonly kind: 'opening' }
  | {
      readonly kind: 'open';
      readonly count: number;
      readonly bytes: number;
      readonly perLabel: readonly number[];
      /** Newest first, as many as are shown. */
      readonly shown: readonly StoredExample[];
      /** This browser keeps nothing: they go with the page. */
      readonly isInMemory: boolean;
    }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'failed'; readonly reason: DataFailureReason };

export interface ImageRead {
  readonly name: string;
  /** null where the file is no image that this browser reads, or too large a one. */
  readonly image: Uint8Array | null;
  readonly isTooLarge: boolean;
  /** The label that the file's name seems to say. */
  readonly guess: number | null;
}

export type TrialView =
  | { readonly kind: 'closed' }
  | { readonly kind: 'opening'; readonly step: 'model' | 'backend' }
  | {
      readonly kind: 'open';
      readonly version: number;
      readonly backend: BackendChoice;
      /** Of the last example: one share a label, or the scaled number; null while there is none. */
      readonly scores: readonly number[] | null;
      /** They are those of the model fitted to one's own examples. */
      readonly isPersonal: boolean;
      /**
       * The same example by the shared model where a personal one answers, else by the model from before joining, where
       * that is another one and still to be had.
       */
      readonly scoresBefore: readonly number[] | null;
    }
  | { readonly kind: 'failed'; readonly reason: 'unreachable' | 'unsupported'; readonly message: string };

/** All that is to be said of a personal model; there is none where `fit` is null. */
export interface PersonalView {
  readonly fit: Omit<PersonalFit, 'params'> | null;
  /** "Try it" answers with it. */
  readonly isUsed: boolean;
  /** False: it goes with the page, since this browser keeps nothing or has no room. */
  readonly isKept: boolean;
  /** The fit under way; no steps while it is being prepared. */
  readonly running: { readonly step: number; readonly steps: number } | null;
  readonly problem: PersonalProblem | null;
}
/** Of what was kept: damaged, of another model, not to be read; of a fit: the rest. */
export type PersonalProblem =
  | 'damaged'
  | 'other-model'
  | 'unreadable'
  | 'no-examples'
  | 'dataset-damaged'
  | 'unreachable'
  | 'exploded'
  | 'failed';

/** May something be fitted here now? Not where a round may begin at any moment. */
export const mayFit = (view: ClientView): boolean => !isJoined(view) || view.state === 'paused';

/** Joined: anything but idle and left. */
export const isJoined = (view: ClientView): boolean => view.state !== 'idle' && view.state !== 'left';
