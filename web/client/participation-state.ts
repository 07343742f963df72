import type { Refusal, RefusalReason } from '../../shared/errors.ts';
import type { AssignmentToken, Sha256 } from '../../shared/ids.ts';
import type {
  Assignment,
  Participation,
  Progress,
  Receipt,
  ReportMetrics,
  ResumeAck,
  RetryWindow,
  RoundEnd,
  RoundPurpose,
  TaskStatus,
  Welcome,
} from '../../shared/protocol/index.ts';
import type { Backend, BackendChoice, TrainProgress, TrainResult } from './ports.ts';
import type { PauseCause, RoundNote } from './view.ts';

/** The states, events and effects of one participation. The rules are numbered in PARTICIPATION.md. */

export interface State {
  readonly life: Life;
  readonly memory: Memory;
}

export type Life = { readonly kind: 'idle' } | { readonly kind: 'left' } | Joined;

export interface Joined {
  readonly kind: 'joined';
  /** `asked`: no answer yet. `elsewhere`: another tab of this profile takes part. `let-go`: the page is frozen, or just back. */
  readonly lock: 'asked' | 'held' | 'elsewhere' | 'let-go';
  /** The first count of the examples is awaited before connecting; it may say that only a prepared trainer can tell. */
  readonly isCounting: boolean;
  readonly pauses: readonly PauseCause[];
  /** Set when only a person, new data or another tab's end can help; null while all is well. */
  readonly stopped: Stop | null;
  readonly link: Link;
  /** `lost`: its backend is not to be trusted any more. */
  readonly trainer: 'none' | 'lost' | 'preparing' | 'ready';
  readonly work: Work;
}

export interface Stop {
  readonly state: 'error' | 'unsupported' | 'other-tab';
  readonly reason: string;
  readonly detail: string | null;
  /** What lifts it besides the person's `resume`: a new count of the examples, or getting the lock. */
  readonly endsWith: 'person' | 'data' | 'lock';
}

export type Link =
  | { readonly kind: 'off' }
  | { readonly kind: 'connecting'; readonly attempt: number }
  /** `hintMs`: the server is draining and asked to come back after this long. */
  | { readonly kind: 'online'; readonly attempt: number; readonly sinceMs: number; readonly hintMs: number | null }
  | {
      readonly kind: 'away';
      readonly attempt: number;
      readonly retryAtMs: number;
      readonly reason: RefusalReason | null;
    };

/** Whether the server still knows the assignment: asked again after each reconnect, before anything new begins. */
export type Standing = 'confirmed' | 'asking' | 'unconfirmed';

export type Work =
  | { readonly kind: 'none' }
  | { readonly kind: 'checking-in' }
  | { readonly kind: 'waiting' }
  | {
      readonly kind: 'retrying';
      readonly retryAtMs: number;
      /** Not selected for this round, a refusal, or an own failure. */
      readonly reason: 'not-selected' | 'failed' | RefusalReason;
      /** Of an own failure: the trainer's word for it, and a sentence. */
      readonly failure?: { readonly reason: string; readonly detail: string };
    }
  | Assigned
  | {
      readonly kind: 'reported';
      readonly assignment: Assignment;
      readonly receipt: Receipt;
      readonly sentBytes: number;
      readonly standing: Standing;
    };

export interface Assigned {
  readonly kind: 'assigned';
  readonly assignment: Assignment;
  readonly standing: Standing;
  readonly endsAtMs: number;
  readonly backendLosses: number;
  /** Times that the server had no room for the report. */
  readonly holds: number;
  /** When the server was last told of progress. */
  readonly toldAtMs: number;
  readonly stage: Stage;
}

export type Stage =
  | { readonly kind: 'new' }
  | { readonly kind: 'downloading' }
  /** The weights are here and training has not begun. */
  | { readonly kind: 'downloaded' }
  | { readonly kind: 'training' }
  /** The report is ready and is not being sent. */
  | { readonly kind: 'trained' }
  | { readonly kind: 'uploading'; readonly share: number }
  /** The server had no room; tried again then. */
  | { readonly kind: 'upload-held'; readonly retryAtMs: number; readonly reason: RefusalReason };

/** The end of the last round, shown for a while. */
export interface Shown {
  readonly state: 'accepted' | 'late' | 'surplus' | 'rejected' | 'abandoned';
  readonly reason: string | null;
  readonly detail: string | null;
  readonly round: number;
  readonly purpose: RoundPurpose;
  readonly version: number | null;
  readonly untilMs: number;
}

/** What is remembered through pauses, reconnects and leaving. */
export interface Memory {
  /** null while they are not counted. */
  readonly examples: number | null;
  readonly participation: Participation | null;
  readonly status: TaskStatus | null;
  readonly backend: BackendChoice | null;
  readonly held: Sha256 | null;
  readonly progress: TrainProgress | null;
  readonly losses: readonly number[];
  readonly lastReport: ReportMetrics | null;
  readonly notes: readonly RoundNote[];
  readonly counted: number;
  /** Own failures and rejections in a row. */
  readonly failures: number;
  /** Times in a row that the server could not read what this tab sent. */
  readonly misread: number;
  readonly shown: Shown | null;
}

/** `atMs`: monotonic; `roll`: one uniform draw in [0, 1). With both in the event the stepper needs no clock and no Rng. */
export type ParticipationEvent = { readonly atMs: number; readonly roll: number } & Happening;

export type Happening =
  | { readonly kind: 'start' }
  | { readonly kind: 'leave' }
  | { readonly kind: 'pause'; readonly cause: PauseCause }
  /** The person asked for another backend. */
  | { readonly kind: 'choose' }
  | { readonly kind: 'resume'; readonly cause: PauseCause }
  | { readonly kind: 'lock'; readonly held: boolean }
  | { readonly kind: 'examples'; readonly count: number | null }
  | { readonly kind: 'broken'; readonly reason: string; readonly message: string; readonly endsWith: Stop['endsWith'] }
  | { readonly kind: 'welcome'; readonly welcome: Welcome }
  | {
      readonly kind: 'refused';
      readonly reason: RefusalReason;
      readonly message: string;
      readonly retryAfterMs: number | null;
    }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'status'; readonly status: TaskStatus }
  /** This tab is about to be frozen. */
  | { readonly kind: 'slept' }
  /** This tab was frozen: the session may look open and be gone. */
  | { readonly kind: 'woken' }
  | { readonly kind: 'draining'; readonly retryAfterMs: number }
  | { readonly kind: 'prepared'; readonly backend: BackendChoice }
  | { readonly kind: 'unprepared'; readonly message: string }
  | { readonly kind: 'checked-in'; readonly answer: { readonly ok: true } | Refusal }
  | { readonly kind: 'retry'; readonly window: RetryWindow }
  | { readonly kind: 'assign'; readonly assignment: Assignment }
  | {
      readonly kind: 'resumed';
      readonly token: AssignmentToken;
      readonly answer: Extract<ResumeAck, { ok: true }> | Refusal;
    }
  | { readonly kind: 'weights'; readonly token: AssignmentToken }
  | { readonly kind: 'weights-failed'; readonly token: AssignmentToken; readonly message: string }
  | { readonly kind: 'progress'; readonly token: AssignmentToken; readonly progress: TrainProgress }
  | {
      readonly kind: 'trained';
      readonly token: AssignmentToken;
      /** null in an evaluation round: what the counts say is not told again. */
      readonly metrics: ReportMetrics | null;
    }
  | {
      readonly kind: 'training-failed';
      readonly token: AssignmentToken;
      readonly reason: Extract<TrainResult, { ok: false }>['reason'];
      readonly message: string;
    }
  | { readonly kind: 'upload-progress'; readonly token: AssignmentToken; readonly share: number }
  | {
      readonly kind: 'report-accepted';
      readonly token: AssignmentToken;
      readonly receipt: Receipt;
      readonly sentBytes: number;
    }
  | {
      readonly kind: 'report-refused';
      readonly token: AssignmentToken;
      readonly reason: RefusalReason;
      readonly message: string;
      readonly retryAfterMs: number | null;
      readonly sentBytes: number;
    }
  | { readonly kind: 'round'; readonly end: RoundEnd }
  /** The time that `nextWakeMs` named has come. */
  | { readonly kind: 'tick' };

export type Effect =
  | { readonly kind: 'request-lock' }
  | { readonly kind: 'release-lock' }
  | { readonly kind: 'count-examples' }
  | { readonly kind: 'connect' }
  | { readonly kind: 'disconnect' }
  /** `isAnew`: on a fresh backend. */
  | { readonly kind: 'prepare'; readonly participation: Participation; readonly isAnew: boolean }
  | { readonly kind: 'close-trainer' }
  | {
      readonly kind: 'check-in';
      readonly examples: number;
      readonly backend: Backend;
      readonly held: Sha256 | null;
      /** Of a training step; null where none was timed. */
      readonly stepMs: number | null;
    }
  | { readonly kind: 'check-out' }
  | ({ readonly kind: 'ask-resume' } & Pick<Assignment, 'token' | 'updateId'>)
  /** Get the weights of the assignment's base and check their hash. */
  | { readonly kind: 'obtain'; readonly assignment: Assignment; readonly participation: Participation }
  /** From the weights that were obtained for the assignment. */
  | { readonly kind: 'train'; readonly token: AssignmentToken; readonly participation: Participation }
  /** Send the report that training left; what the server has of it already is not sent again. */
  | { readonly kind: 'upload'; readonly token: AssignmentToken }
  | { readonly kind: 'stop-upload'; readonly token: AssignmentToken }
  /** Stop whatever runs for this assignment and forget its report. */
  | { readonly kind: 'stop-work'; readonly token: AssignmentToken }
  | {
      readonly kind: 'tell';
      readonly token: AssignmentToken;
      readonly phase: Progress['phase'];
      readonly share: number;
    };

/** The state with a change to what is joined; nothing where nobody joined. */
export const withLife = (state: State, change: Partial<Joined>): State =>
  state.life.kind === 'joined' ? { ...state, life: { ...state.life, ...change } } : state;

/** The state with the present assignment in that stage. */
export const withStage = (state: State, work: Assigned, stage: Stage): State =>
  withLife(state, { work: { ...work, stage } });
