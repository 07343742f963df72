import type { AbandonReason, RefusalReason } from '../../shared/errors.ts';
import type { Sha256, TaskId, UpdateId } from '../../shared/ids.ts';
import type { Receipt, RoundPurpose, TaskStatus } from '../../shared/protocol/index.ts';
import type { CourtesyCause } from './courtesy.ts';
import type { BackendChoice, RequestedBackend, TrainProgress } from './ports.ts';

/** Every state a participation can be in; `data-state` on the page (DESIGN §8). One sentence each in the dictionaries. */
export const PARTICIPATION_STATES = [
  'idle',
  'needs-data',
  'connecting',
  'waiting',
  'not-selected',
  'downloading',
  'preparing',
  'training',
  'uploading',
  'accepted',
  'late',
  'surplus',
  'rejected',
  'abandoned',
  'paused',
  'paused-battery',
  'paused-data',
  'other-tab',
  'server-away',
  'unsupported',
  'error',
  'left',
] as const;
export type ParticipationState = (typeof PARTICIPATION_STATES)[number];

/** The person, or courtesy to the device: the latter shows as `paused-battery`, `paused-data` or `paused`, with the cause as its reason. */
export type PauseCause = 'person' | CourtesyCause;

/** One line of "Receipts": what became of one part of this tab; `round` is the one that it ended in. */
export interface RoundNote {
  readonly round: number;
  /** Of a part of a buffered task, which may have several in a round. */
  readonly updateId?: UpdateId;
  readonly purpose: RoundPurpose;
  readonly outcome:
    | 'counted'
    | 'accepted'
    | 'rejected'
    | 'late'
    | 'surplus'
    | 'abandoned'
    | 'not-selected'
    | 'dropped'
    /** An evaluation round, and none of the examples is set aside. */
    | 'declined';
  readonly reason: RefusalReason | AbandonReason | null;
  readonly sentBytes: number;
  /** Cohort size, this tab included; null where it took no part. */
  readonly cohort: number | null;
  /** Of an evaluation round the version that was scored. */
  readonly version: number | null;
  readonly receipt: Receipt | null;
}

/** All that a surface shows; a new object for each change, parts that did not change keep their identity. */
export interface ClientView {
  readonly task: TaskId;
  readonly state: ParticipationState;
  /** Why, where the state has a reason (`data-reason`): a refusal, an abandonment, the cause of a pause, or the trainer's word. */
  readonly reason: string | null;
  /** One sentence for people where the dictionary's is not enough (errors). */
  readonly detail: string | null;
  readonly round: number | null;
  /** What the part in the round, or the last one while its end is shown, is for. */
  readonly purpose: RoundPurpose;
  /** Version being trained, else the task's newest known. */
  readonly version: number | null;
  readonly sha256: Sha256 | null;
  readonly slot: number | null;
  readonly status: TaskStatus | null;
  readonly progress: TrainProgress | null;
  /** Losses read back in this round, oldest first. */
  readonly losses: readonly number[];
  readonly uploadShare: number;
  readonly backend: BackendChoice | null;
  readonly examples: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly retryInMs: number | null;
  /** This tab's own figures of its last report: on its own examples, before and after training. */
  readonly lastReport: {
    readonly accuracyBefore: number | null;
    readonly accuracyAfter: number | null;
    readonly lossBefore: number | null;
    readonly lossAfter: number | null;
    readonly trainingMs: number;
  } | null;
  readonly notes: readonly RoundNote[];
  /** Reports accepted since joining. */
  readonly counted: number;
  /** A session with the server is open. Training goes on for a while without one. */
  readonly connected: boolean;
}

/** The engine as surfaces see it. */
export interface FederatedClient {
  view(): ClientView;
  /** Calls back after each change, never more than once a turn. Returns what ends it. */
  subscribe(listener: (view: ClientView) => void): () => void;
  /** Joins; the caller has the consent. Makes the secret if there is none. */
  start(): Promise<void>;
  /** Stops training within a second and gives the part in this round back; nothing is sent until `resume`. */
  pause(cause?: PauseCause): void;
  /** The person's `resume` (the default) lifts every pause and tries again after an error; another cause lifts its own. */
  resume(cause?: PauseCause): void;
  /** Asks for another backend, at once: what is being trained is given back. */
  choose(backend: RequestedBackend): void;
  /** The page is about to be frozen: the lock is let go, so that another tab can take over, and nothing new begins. */
  sleep(): void;
  /** The page was frozen and is back: the server is asked whether this tab's part is alive before anything new begins. */
  wake(): void;
  /** Stops everything within a second; resolves when nothing runs any more. */
  leave(): Promise<void>;
  /**
   * Leaves, asks the server to forget this client, removes the secret. Examples are the caller's to delete.
   * `serverForgot` is false where the server could not be reached; the secret is gone all the same.
   */
  forget(): Promise<{ readonly serverForgot: boolean }>;
  /** The number of examples changed. */
  examplesChanged(): void;
  /** Leaves for good: nothing is told any more, and `start` does nothing. */
  close(): Promise<void>;
}
