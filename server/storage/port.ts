import type { AbandonReason, RejectionReason } from '../../shared/errors.ts';
import type { Evaluation } from '../../shared/evaluation/result.ts';
import type { AssignmentToken, ClientId, Sha256, TaskId, UpdateId } from '../../shared/ids.ts';
import type { ReportMetrics, RoundPurpose, Score, TaskState } from '../../shared/protocol/index.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';

/**
 * Everything durable but bytes. Each method is one transaction: when its promise resolves, the data would survive a
 * power cut; when it rejects, nothing of it happened. It rejects with `StorageFullError`, `StorageIoError` or
 * `CorruptDatabaseError` of `errors.ts`, or with a `BugError` when the caller's picture of the round or the versions is
 * wrong. Times are milliseconds since 1970. Every adapter passes `contract.ts`.
 */
export interface Storage {
  readonly tasks: TaskStore;
  readonly rounds: RoundStore;
  readonly checkpoints: CheckpointStore;
  readonly admin: AdminStore;
  close(): Promise<void>;
}

/** Grows with every new holder of a task's lease; a write with an older one is refused as `fenced`. */
export type FencingToken = number;

export interface TaskRow {
  readonly spec: TaskSpec;
  readonly state: TaskState;
  readonly roundsLeft: number;
  /** An evaluation round was asked for and has not ended. */
  readonly evaluationWanted: boolean;
  /** Why it paused by itself; null when a person did it or it is not paused. */
  readonly pausedReason: string | null;
  readonly abandonedInARow: number;
  readonly createdAt: number;
  readonly archivedAt: number | null;
  /** Newest checkpoint. */
  readonly version: number;
  readonly sha256: Sha256;
}

export type TaskPatch = Partial<
  Pick<TaskRow, 'state' | 'roundsLeft' | 'evaluationWanted' | 'pausedReason' | 'abandonedInARow' | 'archivedAt'>
>;

export interface TaskStore {
  /** Saves the task and checkpoint 0 together; `taken` if the id exists. The blob is already stored. */
  create(spec: TaskSpec, initial: NewCheckpoint, at: number): Promise<'created' | 'taken'>;
  get(task: TaskId): Promise<TaskRow | null>;
  /** Archived ones too, oldest first. */
  list(): Promise<TaskRow[]>;
  /** Nothing happens if the task is gone; so too for `setMetrics` and `reject`. Without a fence whoever asks may. */
  update(task: TaskId, patch: TaskPatch, fence?: FencingToken): Promise<'saved' | 'fenced'>;
  /** Deletes the task and all that hangs on it but the audit rows. */
  remove(task: TaskId): Promise<void>;
  /** A new, larger fencing token for this task: whoever held the last one can no longer write. */
  fence(task: TaskId): Promise<FencingToken>;
  /**
   * The same for one of several processes, which has the task for `forMs` from now, by the storage's own clock; null while
   * the time of another holder is not over.
   */
  lease(task: TaskId, holder: string, forMs: number): Promise<FencingToken | null>;
  /** Tasks whose lease is to be had, by the storage's own clock. */
  unheld(): Promise<TaskId[]>;
  /** As much time again for those leases that are still the last of their tasks; returns their tokens. */
  renew(
    leases: readonly { readonly task: TaskId; readonly token: FencingToken }[],
    forMs: number,
  ): Promise<FencingToken[]>;
  /** Ends the time of a lease, if it is still the last. Its token writes until the next is given out. */
  endLease(task: TaskId, token: FencingToken): Promise<void>;
}

export interface NewCheckpoint {
  readonly version: number;
  readonly sha256: Sha256;
  readonly bytes: number;
  /** State of the server optimizer that belongs to these params, as a blob; null for plain sgd. */
  readonly optimizerSha256: Sha256 | null;
  /** The frame that leads to these params from those of the version before, as a blob; null where there is none. */
  readonly step: { readonly sha256: Sha256; readonly bytes: number } | null;
  readonly origin: 'initial' | 'round' | 'rollback';
  /** The round that made it, or null. */
  readonly round: number | null;
  /** The version rolled back to, or null. */
  readonly copyOf: number | null;
}

export interface CheckpointRow extends NewCheckpoint {
  readonly createdAt: number;
  readonly metrics: Score | null;
  /** False once retention took the weights: the row stays. */
  readonly kept: boolean;
}

export interface CheckpointStore {
  get(task: TaskId, version: number): Promise<CheckpointRow | null>;
  /** Versions in order from 0. */
  list(task: TaskId): Promise<CheckpointRow[]>;
  setMetrics(task: TaskId, version: number, metrics: Score): Promise<void>;
  /**
   * A rollback: the next version with an older one's weights. A `BugError` if it is not the next version, or if the
   * weights of `copyOf` are not kept or not these.
   */
  append(task: TaskId, fence: FencingToken, checkpoint: NewCheckpoint, at: number): Promise<'saved' | 'fenced'>;
  /** Marks weights as gone, by retention. */
  release(task: TaskId, versions: readonly number[]): Promise<void>;
  /** Which task's kept checkpoint has this hash, or is led to by a step that has it, if any (a hash may belong to several: any one, open tasks first). */
  taskOf(sha256: Sha256): Promise<{ readonly task: TaskId; readonly closed: boolean } | null>;
  /** Every hash that a kept checkpoint refers to: its weights, its optimizer's state, its step. */
  referenced(): Promise<ReadonlySet<Sha256>>;
}

export interface RoundCounts {
  readonly selected: number;
  readonly accepted: number;
  readonly rejected: Readonly<Partial<Record<RejectionReason, number>>>;
  readonly late: number;
  readonly surplus: number;
  readonly dropped: number;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
}

export interface RoundRow extends RoundCounts {
  readonly task: TaskId;
  readonly number: number;
  readonly purpose: RoundPurpose;
  /** `buffered`: one fill of a buffer; it reports from its opening, and clients join it while it does. */
  readonly schedule: 'synchronous' | 'buffered';
  readonly baseVersion: number;
  readonly phase: 'selecting' | 'reporting' | 'ended';
  readonly selectionEndsAt: number;
  readonly reportingEndsAt: number | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly outcome: 'committed' | 'abandoned' | null;
  readonly reason: AbandonReason | null;
  /** That it made; null of an evaluation round, which makes none. */
  readonly version: number | null;
  /** Of an evaluation round that is committed. */
  readonly evaluation: Evaluation | null;
}

export interface AssignmentRow {
  readonly slot: number;
  readonly clientId: ClientId;
  readonly token: AssignmentToken;
  readonly updateId: UpdateId;
  readonly seed: number;
  /** Of a part that may outlive its round: what it trains from, and its own time limit; null where the round's hold. */
  readonly own: OwnTerms | null;
  /**
   * How it ended: null until the round ends, but for a rejection, which is durable so that a restart does not ask
   * again. That a report was accepted is said by its receipt.
   */
  readonly end: 'accepted' | 'rejected' | 'dropped' | 'late' | 'surplus' | null;
  readonly rejection: RejectionReason | null;
}

/** What a part of a buffered task has for itself. */
export interface OwnTerms {
  readonly baseVersion: number;
  readonly baseSha256: Sha256;
  readonly endsAt: number;
}

/** The fill that follows a committed one, with the parts of it that go on under new slots. */
export interface NextFill {
  readonly number: number;
  readonly startedAt: number;
  readonly reportingEndsAt: number;
  readonly carried: readonly { readonly updateId: UpdateId; readonly slot: number }[];
}

/** A report whose frame lies fsynced in the spool. */
export interface NewReceipt {
  readonly task: TaskId;
  readonly round: number;
  readonly updateId: UpdateId;
  readonly clientId: ClientId;
  readonly sha256: Sha256;
  readonly bytes: number;
  readonly examples: number;
  readonly steps: number;
  readonly norm: number;
  readonly metrics: ReportMetrics;
  /**
   * The process that took the bytes and adds them up, where that is not the one that has the task: reports of one place are one
   * group of the sum, whoever makes it (D9).
   */
  readonly place: string | null;
}

/** With the fence of whoever accepts it, where another might have the task by now. */
export type OfferedReceipt = NewReceipt & { readonly fence?: FencingToken };

export interface ReceiptRow extends NewReceipt {
  /** 1, 2, 3 … within the round: the order in which updates are folded. */
  readonly order: number;
  readonly acceptedAt: number;
  readonly status: 'accepted' | 'counted' | 'abandoned' | 'withdrawn';
  /** Set when counted in one. */
  readonly version: number | null;
  /** Set when abandoned. */
  readonly reason: AbandonReason | null;
}

export interface OpenRound {
  readonly round: RoundRow;
  readonly assignments: readonly AssignmentRow[];
  /** In order; withdrawn ones are left out. */
  readonly receipts: readonly ReceiptRow[];
}

export interface RoundEndRow {
  readonly task: TaskId;
  readonly number: number;
  readonly counts: RoundCounts;
  readonly assignments: readonly { readonly updateId: UpdateId; readonly end: NonNullable<AssignmentRow['end']> }[];
  readonly endedAt: number;
  /** Written to the task in the same transaction. */
  readonly taskPatch: TaskPatch;
}

export type ReceiptOutcome =
  | { readonly kind: 'accepted'; readonly receipt: ReceiptRow }
  /** The same bytes again: the receipt that there was. */
  | { readonly kind: 'duplicate'; readonly receipt: ReceiptRow }
  /** Other bytes under this assignment. */
  | { readonly kind: 'conflict' }
  /** The round is not, or no longer, reporting. */
  | { readonly kind: 'closed' }
  /** Another has the task. */
  | { readonly kind: 'fenced' };

export interface RoundStore {
  /**
   * Starts round `number` in `selecting`. A `BugError` if another is under way, or it is not the next number, or
   * `baseVersion` is not the newest version.
   */
  open(
    fence: FencingToken,
    round: Pick<RoundRow, 'task' | 'number' | 'purpose' | 'baseVersion' | 'selectionEndsAt' | 'startedAt'>,
  ): Promise<'saved' | 'fenced'>;
  /** The same for a fill of a buffer, which is `reporting` from the beginning and has no cohort yet. */
  openFill(
    fence: FencingToken,
    fill: Pick<RoundRow, 'task' | 'number' | 'baseVersion' | 'startedAt'> & { readonly reportingEndsAt: number },
  ): Promise<'saved' | 'fenced'>;
  /** Adds parts to a fill that is reporting (`selected` grows by them); only then may their assignments be sent. */
  join(
    fence: FencingToken,
    task: TaskId,
    number: number,
    assignments: readonly AssignmentRow[],
  ): Promise<'saved' | 'fenced'>;
  /** Moves it to `reporting` with its cohort (`selected` = its size); only then may an assignment be sent. */
  assign(
    fence: FencingToken,
    task: TaskId,
    number: number,
    reportingEndsAt: number,
    assignments: readonly AssignmentRow[],
  ): Promise<'saved' | 'fenced'>;
  /**
   * Receipts of one turn, all in one transaction; outcomes in the same order. Only then may they be acknowledged.
   * Calls made at about the same time share a transaction. A receipt that is there already is `duplicate` or `conflict`
   * also after its round has ended; a second one of the same client in a synchronous round is a `conflict`; a round that
   * is not `reporting` is `closed`.
   */
  accept(receipts: readonly OfferedReceipt[], at: number): Promise<ReceiptOutcome[]>;
  /** Makes a rejection durable; the first one stays. */
  reject(task: TaskId, updateId: UpdateId, reason: RejectionReason): Promise<void>;
  /** Ends a round without a version; its receipts become `abandoned`. */
  abandon(fence: FencingToken, end: RoundEndRow, reason: AbandonReason): Promise<'saved' | 'fenced'>;
  /**
   * Ends a round with version base + 1: checkpoint, receipts counted, assignments, round outcome and task in one
   * transaction. `fenced` if the fence does not hold; a `BugError` unless the round is under way, `checkpoint.version`
   * is the next one, and the receipts with status `accepted` are exactly the assignments that `end` calls `accepted`:
   * wait for every `accept` and `withdraw` of the round, and fold again without what was withdrawn, before this.
   * With `next` a fill opens on the new version, and the assignments that it names, which `end` does not, move into it.
   */
  commit(
    fence: FencingToken,
    end: RoundEndRow,
    checkpoint: NewCheckpoint,
    next?: NextFill | null,
  ): Promise<'saved' | 'fenced'>;
  /** Ends an evaluation round with what came of it, in one transaction; like `commit`, but no version is made. */
  conclude(fence: FencingToken, end: RoundEndRow, evaluation: Evaluation): Promise<'saved' | 'fenced'>;
  /** The round that has not ended, with all that a restart needs; null if there is none. */
  unfinished(task: TaskId): Promise<OpenRound | null>;
  /** Oldest first; the last `limit` of them, or of those before round `before`. */
  list(task: TaskId, limit: number, before?: number): Promise<RoundRow[]>;
  lastNumber(task: TaskId): Promise<number>;
  /**
   * How many identities ever had a part in this task, but those that were forgotten; and of these clients the last report
   * that is in a version later than the last rollback.
   */
  contributors(
    task: TaskId,
    of: readonly ClientId[],
  ): Promise<{ readonly count: number; readonly counted: ReadonlyMap<ClientId, UpdateId> }>;
  receipt(updateId: UpdateId): Promise<ReceiptRow | null>;
  receiptsOf(task: TaskId, round: number): Promise<ReceiptRow[]>;
  /**
   * "Delete my data": no row names this client any more. `accepted` receipts become `withdrawn`, and only what became
   * of it is left of a report that is in no version; assignments without an end become `dropped`, so that the parts of
   * each round still add up. What is in a version stays in it: `counted` receipts lose the client and its metrics alone.
   * Returns the ids of the receipts that are withdrawn now, in any order.
   */
  withdraw(task: TaskId, clientId: ClientId): Promise<UpdateId[]>;
}

export interface AuditRow {
  readonly at: number;
  /** Who: the admin session's public id, `token`, `system`. */
  readonly actor: string;
  /** What, e.g. `task.create`. */
  readonly action: string;
  readonly task: TaskId | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** A row of the audit as it lies there, with its place in the chain (`audit-chain.ts`): null of one that is outside of it. */
export interface KeptAuditRow extends Omit<AuditRow, 'details'> {
  /** Grows along the chain. */
  readonly id: number;
  readonly detailsJson: string;
  readonly previousSha256: Sha256 | null;
  readonly sha256: Sha256 | null;
}

/** The login that a ticket stands for. */
export interface TicketHolder {
  readonly actor: string;
  /** Of the login; null for one that does not expire. */
  readonly expiresAt: number | null;
}

/** A login of the dashboard. Times in milliseconds since 1970. */
export interface SessionRow {
  readonly sha256: Sha256;
  /** Its public name. */
  readonly actor: string;
  /** What says that the standing token it was opened with is still the same; null: it was opened with a link. */
  readonly proof: Sha256 | null;
  readonly beganAt: number;
  readonly usedAt: number;
  readonly expiresAt: number;
}

/** Secrets come as SHA-256 only. */
export interface AdminStore {
  saveSession(row: SessionRow): Promise<void>;
  session(sha256: Sha256): Promise<SessionRow | null>;
  /** Those that are there, the last used first. */
  sessions(): Promise<SessionRow[]>;
  /** A session that is there was used, and ends later for it. */
  useSession(actor: string, usedAt: number, expiresAt: number): Promise<void>;
  /** False where there is none of this name. */
  removeSession(actor: string): Promise<boolean>;
  saveLink(sha256: Sha256, expiresAt: number): Promise<void>;
  /** True once: takes the link away if it is there and not expired. */
  useLink(sha256: Sha256, now: number): Promise<boolean>;
  saveTicket(sha256: Sha256, holder: TicketHolder, expiresAt: number): Promise<void>;
  /** Whose it is, once: takes it away; null if it is not there or has expired. */
  useTicket(sha256: Sha256, now: number): Promise<TicketHolder | null>;
  /** Takes back the tickets of one login. */
  removeTickets(actor: string): Promise<void>;
  /** Forgets sessions, links and tickets that have expired. */
  removeExpired(now: number): Promise<void>;
  /** Its hash in the chain, which is one line whoever appends; null for what stays outside (`isChained`). */
  appendAudit(row: AuditRow): Promise<Sha256 | null>;
  /** Forgets all rows of this action but the newest; none that is in the chain. */
  trimAudit(action: string, keptCount: number): Promise<void>;
  /** Oldest first; the last `limit` of them. */
  audit(limit: number): Promise<AuditRow[]>;
  /** In order; the first `limit` of those after this id. */
  auditAfter(id: number, limit: number): Promise<KeptAuditRow[]>;
  /** Small durable settings, such as the generated admin token's hash. */
  setting(key: string): Promise<string | null>;
  setSetting(key: string, value: string): Promise<void>;
  /** The value that is there; where there is none, this one from now on. */
  claimSetting(key: string, value: string): Promise<string>;
  /** Adds to a whole number that is kept as a setting, 0 where there is none; the one from before. Nobody else gets the same. */
  advance(key: string, by: number): Promise<number>;
}
