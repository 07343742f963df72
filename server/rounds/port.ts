import type { AbandonReason, Problem, Refusal, RejectionReason } from '../../shared/errors.ts';
import type { AssignmentToken, ClientId, Sha256, TaskId, UpdateId } from '../../shared/ids.ts';
import type {
  Assignment,
  CheckIn,
  Participation,
  Progress,
  Receipt,
  ReportMetrics,
  ResumeAck,
  RetryWindow,
  RoundEnd,
  Score,
  TaskStatus,
} from '../../shared/protocol/index.ts';
import type { TargetForm } from '../../shared/task/kinds/form.ts';
import type { Amount } from '../../shared/task/plan-steps.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { ExpectedFrame } from '../../shared/wire/frame.ts';
import type { ProcessId } from '../cluster/bus.ts';
import type { SpoolWriter } from '../storage/blobs/port.ts';
import type { TaskRow } from '../storage/port.ts';
import type { SavedSum } from './partial-sum.ts';

/**
 * The doors of the coordinator. The gateway and http call `Coordinator`; the coordinator speaks to clients and
 * dashboards through `Downlink`, which the gateway implements. Nothing here knows a socket.
 */

/** What goes out. Calls never throw and never block; a client that is not connected is passed over. */
export interface Downlink {
  assign(task: TaskId, clientId: ClientId, assignment: Assignment): void;
  /**
   * One broadcast to the given clients: the bytes are encoded once. Resolves when they were handed to the sockets;
   * the count of sockets that took it is returned for the byte counts.
   */
  weights(task: TaskId, clientIds: readonly ClientId[], version: number, sha256: Sha256, bytes: Uint8Array): number;
  retry(task: TaskId, clientId: ClientId, window: RetryWindow): void;
  /** To every session of the task; `yours` is filled in for members of the cohort. */
  roundEnded(
    task: TaskId,
    end: Omit<RoundEnd, 'yours' | 'yoursReason'>,
    yours: ReadonlyMap<ClientId, Pick<RoundEnd, 'yours' | 'yoursReason'>>,
  ): void;
  /** The picture changed; the gateway fetches `Coordinator.status` when it next sends one (throttled there). */
  changed(task: TaskId): void;
  /** How many clients are connected to this task. */
  online(task: TaskId): number;
  /** Ends every session of a task that is gone. */
  expel(task: TaskId, refusal: Refusal): void;
}

/** An admitted upload: what the frame must be, and where it goes. */
export interface AdmittedReport {
  /** Its place in the spool. */
  readonly round: number;
  readonly updateId: UpdateId;
  readonly expected: ExpectedFrame;
  readonly rule: ReportRule;
}

/** A complete frame in the spool, whose SHA-256 the client announced. */
export interface ArrivedReport {
  readonly token: AssignmentToken;
  readonly sha256: Sha256;
  readonly bytes: number;
  readonly metrics: ReportMetrics;
  readonly writer: Pick<SpoolWriter, 'path' | 'finish' | 'discard'>;
  /** What `admit` said when it began to arrive, for a process that does not have its task. */
  readonly admitted?: AdmittedReport;
  /** What `Arithmetic.check` said of it, where another process has it and looked. */
  readonly checked?: CheckedReport;
  /** Where another process took it. */
  readonly elsewhere?: {
    readonly process: ProcessId;
    /** Once it is finished: has its bytes here, too. */
    bring(): Promise<void>;
  };
}

/** Which bytes a client announced under a token. */
export type AnnouncedReport = Pick<ArrivedReport, 'token' | 'sha256' | 'bytes'>;

/** An upload that this process gives to another. */
export interface GivenUpload {
  /** Those on disk: their places, and the CRC-32 of each. */
  readonly chunks: ReadonlyMap<number, number>;
  /** The partial file. */
  readonly path: string;
  /** The file goes. Never rejects. */
  discard(): Promise<void>;
}

/** The uploads of this process, for the others. */
export interface LocalUploads {
  /** It is open here. Of the same client nothing else is, after it. */
  has(task: TaskId, clientId: ClientId, announced: AnnouncedReport): boolean;
  /** Lets go of it, once what was sent is on disk; null where it is complete, or not here any more. */
  give(task: TaskId, clientId: ClientId, announced: AnnouncedReport): Promise<GivenUpload | null>;
  /** Drops what this client has not finished. */
  forget(task: TaskId, clientId: ClientId): Promise<void>;
}

/** The uploads of other processes, for this one. */
export interface UploadsElsewhere {
  /**
   * What another process has of this report, chunk by chunk, each as its client sent it. Nothing where none has any, or does not
   * say so in time: the report is sent anew then. Never rejects.
   */
  take(
    task: TaskId,
    clientId: ClientId,
    announced: AnnouncedReport,
    admitted: Pick<AdmittedReport, 'round' | 'updateId'>,
  ): AsyncIterable<{ readonly index: number; readonly crc32: number; readonly bytes: Uint8Array }>;
}

/** What a receipt needs to know of a frame. */
export interface CheckedReport {
  readonly ok: true;
  readonly examples: number;
  readonly steps: number;
  readonly norm: number;
}

export type Control =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly status: 404 | 409 | 422 | 503;
      readonly code: string;
      readonly message: string;
      readonly problems?: readonly Problem[];
    };

/** A dashboard's view of who is connected or has a part in the current round; client ids are shortened to 8 digits. */
export interface ContributorView {
  readonly client: string;
  readonly state: 'available' | 'assigned' | 'connected';
  readonly slot: number | null;
  readonly phase: string | null;
  readonly backend: string | null;
  readonly examples: number | null;
}

/** Of a crowd so many as a dashboard shows. */
export interface Contributors {
  /** Those with a part in the round first; at most `LIMITS.contributorsShownCount`. */
  readonly shown: readonly ContributorView[];
  /** How many there are in all. */
  readonly count: number;
}

export interface Coordinator {
  /** Loads every task, takes the leases, resumes rounds that a crash cut off. */
  start(): Promise<void>;
  /** No new rounds or assignments; resolves when every accepted report is durable. Rounds stay open for the next process. */
  drain(): Promise<void>;

  // clients
  /** `network` names where the client came from, for the share of a cohort that one place may have; it is kept in memory alone. */
  checkIn(
    task: TaskId,
    clientId: ClientId,
    message: CheckIn,
    network?: string,
  ): Promise<{ readonly ok: true } | Refusal>;
  checkOut(task: TaskId, clientId: ClientId): void;
  /** The last session of this client is gone. */
  disconnected(task: TaskId, clientId: ClientId): void;
  resume(task: TaskId, clientId: ClientId, token: AssignmentToken): Promise<ResumeAck>;
  progress(task: TaskId, clientId: ClientId, message: Progress): void;
  /** The identity and round checks of DESIGN §7.1, before a byte is taken. */
  admit(task: TaskId, clientId: ClientId, token: AssignmentToken): Promise<AdmittedReport | Refusal>;
  /** The report that was accepted under this token, if any. */
  receiptOf(
    task: TaskId,
    clientId: ClientId,
    token: AssignmentToken,
  ): Promise<{ readonly receipt: Receipt; readonly sha256: Sha256 } | null>;
  /** The rest of the checks, then durable, then the receipt. */
  report(
    task: TaskId,
    clientId: ClientId,
    report: ArrivedReport,
  ): Promise<{ readonly ok: true; readonly receipt: Receipt } | Refusal>;
  /** A refusal that the upload itself found (size, hash …): ends the assignment as rejected. */
  rejected(task: TaskId, clientId: ClientId, token: AssignmentToken, reason: RejectionReason): void;
  forget(task: TaskId, clientId: ClientId): Promise<void>;
  countBytes(task: TaskId, direction: 'up' | 'down', bytes: number): void;

  // reading
  /** After it `tasks` and `task` say what is durable now, whichever process has a task. */
  refresh(): Promise<void>;
  tasks(): readonly TaskRow[];
  task(task: TaskId): TaskRow | undefined;
  status(task: TaskId): TaskStatus | undefined;
  participation(task: TaskId): Participation | undefined;
  /** The blob of SCAFFOLD's control variates that belongs to the newest version: whoever may have the weights may have it. */
  control(task: TaskId): Sha256 | null;
  contributors(task: TaskId): Contributors;
  /** The same as a longer list. Asks whoever has the task. */
  listContributors(task: TaskId, limit: number): Promise<readonly ContributorView[] | Extract<Control, { ok: false }>>;

  // control; each resolves when it is durable
  create(spec: TaskSpec): Promise<Control>;
  startRounds(task: TaskId, count: number): Promise<Control>;
  /** One evaluation round of the newest version, as soon as no other round is open. */
  evaluate(task: TaskId): Promise<Control>;
  pause(task: TaskId): Promise<Control>;
  resumeRounds(task: TaskId): Promise<Control>;
  stop(task: TaskId): Promise<Control>;
  rollback(task: TaskId, version: number): Promise<Control>;
  archive(task: TaskId): Promise<Control>;
  remove(task: TaskId): Promise<Control>;

  /** What happened, for metrics, audit and the dashboard. Returns what ends the subscription. */
  subscribe(listener: (event: CoordinatorEvent) => void): () => void;
}

export type CoordinatorEvent =
  | { readonly kind: 'round-started'; readonly task: TaskId; readonly round: number }
  | {
      readonly kind: 'round-ended';
      readonly task: TaskId;
      readonly round: number;
      readonly outcome: 'committed' | 'abandoned';
      readonly reason: AbandonReason | null;
      readonly version: number | null;
      readonly seconds: number;
    }
  | {
      readonly kind: 'report';
      readonly task: TaskId;
      readonly outcome: 'accepted' | 'duplicate' | 'late' | 'surplus' | 'conflict' | RejectionReason;
      readonly bytes: number;
    }
  | { readonly kind: 'scored'; readonly task: TaskId; readonly version: number; readonly score: Score }
  | {
      readonly kind: 'task-state';
      readonly task: TaskId;
      readonly state: TaskRow['state'];
      readonly reason: string | null;
    }
  | { readonly kind: 'task-created' | 'task-removed'; readonly task: TaskId };

/** Scores a checkpoint; null where the task has no held-out data. The evaluation thread implements it. */
export interface Evaluator {
  score(spec: TaskSpec, params: Sha256): Promise<Score | null>;
  close(): Promise<void>;
}

export interface StoredBlob {
  readonly sha256: Sha256;
  readonly bytes: number;
}
/** A flat vector as a blob. */
export type StoredVector = StoredBlob;

/** The params of a new version, and what is saved beside them. */
export interface MadeVersion extends StoredVector {
  readonly optimizerSha256: Sha256 | null;
  /** The frame that leads to it from its base; null where there is none. */
  readonly step: StoredBlob | null;
}

/** What a report holds: changes of a model up to a norm, or the counts of an evaluation round. */
export type ReportRule =
  | { readonly kind: 'delta'; readonly maxNorm: number; readonly client: Amount }
  | { readonly kind: 'counts'; readonly target: TargetForm['type'] };

/** How reports become one: by the task's strategy, or as their plain sum. */
export type Fold = Pick<TaskSpec, 'strategy' | 'client'> | 'sum';

/** Validates, folds and commits numbers off the event loop; a worker thread implements it. */
export interface Arithmetic {
  /**
   * Stores a task's initial weights as a blob (durable): those that its model names, which must be there and fit it, else
   * the same for the same model and seed.
   */
  initial(spec: Pick<TaskSpec, 'model'>): Promise<StoredVector | { readonly problem: string }>;
  /** Stores weights that somebody brought (durable); whoever names them in a task within `LIMITS.blobGraceMs` finds them. The memory that they lie in is given away. */
  keep(bytes: Uint8Array): Promise<StoredVector | { readonly problem: string }>;
  /**
   * Header, hash, finiteness, then zero and norm, or the counts, of a frame on disk, in the order of DESIGN §7.1. Nothing
   * of the file is kept. Resolves to what the receipt needs, or the refusal.
   */
  check(
    path: string,
    announced: { readonly sha256: Sha256; readonly bytes: number },
    expected: ExpectedFrame,
    rule: ReportRule,
  ): Promise<CheckedReport | Refusal>;
  /** Starts an empty aggregate for a round; an open one of the same key is dropped. */
  begin(key: string, fold: Fold, values: number): Promise<void>;
  /**
   * Folds one accepted frame, whose base is so many versions behind the round's (default 0); calls are answered in order.
   */
  fold(key: string, path: string, expected: ExpectedFrame, staleness?: number): Promise<void>;
  /**
   * Writes the sums of an aggregate that is one (`sumBytes`) into a file that is there and as long; it stays open. Saved once
   * more without a fold between, they are the same bytes.
   */
  save(key: string, path: string): Promise<SavedSum>;
  /** Adds sums that another process saved; false, and nothing was done, if the file is not what it saved. */
  merge(key: string, path: string, saved: SavedSum): Promise<boolean>;
  /** Adds an open aggregate to another, to the same bits as if it had been saved and merged; it is dropped. */
  join(key: string, other: string): Promise<void>;
  /**
   * Finishes the aggregate, applies the server optimizer to the base params (blobs) and stores the new ones as a blob
   * (durable); local layers stay as they are. With steps (`codec.down`) they are what the step leads to, which is stored too.
   * The aggregate is dropped.
   */
  finish(
    key: string,
    spec: Pick<TaskSpec, 'strategy' | 'client' | 'model' | 'codec'>,
    base: { readonly params: Sha256; readonly optimizer: Sha256 | null },
  ): Promise<MadeVersion>;
  /** Finishes the aggregate of a plain sum; it is dropped. */
  total(key: string): Promise<Float64Array>;
  drop(key: string): Promise<void>;
  close(): Promise<void>;
}
