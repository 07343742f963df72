import { BugError } from '../../shared/assert.ts';
import type { AssignmentToken, ClientId, Sha256, TaskId, UpdateId } from '../../shared/ids.ts';
import type {
  AssignmentRow,
  FencingToken,
  NewCheckpoint,
  NextFill,
  OfferedReceipt,
  ReceiptOutcome,
  ReceiptRow,
  RoundEndRow,
  RoundRow,
} from './port.ts';

/** What every adapter decides alike, once it has read its rows. All of it is pure. */

/** What is known of a round that receipts name. */
export interface ReceivingRound {
  readonly isOpen: boolean;
  readonly schedule: RoundRow['schedule'];
  /** The last one of its task. */
  readonly fence: FencingToken;
  /** Highest order number given out in it; 0 if none was. */
  readonly lastOrder: number;
}

/** The rows that a batch of receipts may meet; `round` and `ofClient` are null where there is none. */
export interface KnownReceipts {
  byUpdate(updateId: UpdateId): ReceiptRow | null;
  ofClient(task: TaskId, round: number, clientId: ClientId): ReceiptRow | null;
  round(task: TaskId, round: number): ReceivingRound | null;
}

/** Decides receipts one after another, each seeing those before it; `added` are the rows to write. */
export function decideReceipts(
  receipts: readonly OfferedReceipt[],
  at: number,
  known: KnownReceipts,
): { readonly outcomes: readonly ReceiptOutcome[]; readonly added: readonly ReceiptRow[] } {
  const added: ReceiptRow[] = [];
  const byUpdate = new Map<UpdateId, ReceiptRow>();
  const byClient = new Map<string, ReceiptRow>();
  const lastOrders = new Map<string, number>();

  const decide = ({ fence, ...receipt }: OfferedReceipt): ReceiptOutcome => {
    const { task, round, clientId, updateId } = receipt;
    const before = byUpdate.get(updateId) ?? known.byUpdate(updateId);
    if (before) return isSame(before, receipt) ? { kind: 'duplicate', receipt: before } : { kind: 'conflict' };
    const client = `${task}/${round}/${clientId}`;
    const receiving = known.round(task, round);
    if (fence !== undefined && receiving && fence !== receiving.fence) return { kind: 'fenced' };
    const isOnce = receiving?.schedule !== 'buffered';
    if (isOnce && (byClient.has(client) || known.ofClient(task, round, clientId))) return { kind: 'conflict' };
    if (!receiving?.isOpen) return { kind: 'closed' };

    const place = `${task}/${round}`;
    const order = (lastOrders.get(place) ?? receiving.lastOrder) + 1;
    const row: ReceiptRow = { ...receipt, order, acceptedAt: at, status: 'accepted', version: null, reason: null };
    lastOrders.set(place, order);
    byUpdate.set(updateId, row);
    byClient.set(client, row);
    added.push(row);
    return { kind: 'accepted', receipt: row };
  };

  return { outcomes: receipts.map(decide), added };
}

function isSame(row: ReceiptRow, receipt: OfferedReceipt): boolean {
  return (
    row.task === receipt.task &&
    row.round === receipt.round &&
    row.clientId === receipt.clientId &&
    row.sha256 === receipt.sha256
  );
}

/**
 * What stands in rows of a client that had its data deleted. Its names are unique in a round and so must be what takes
 * their place: the report's own id, which is public and is no client's.
 */
export const nobody = (updateId: UpdateId) => ({
  clientId: updateId as string as ClientId,
  token: updateId as string as AssignmentToken,
});
/** What a report that is in no version was. */
export const NO_REPORT = {
  sha256: '0'.repeat(64) as Sha256,
  bytes: 0,
  examples: 0,
  steps: 0,
  norm: 0,
  acceptedAt: 0,
  place: null,
} as const;

/** The end of a receipt of an evaluation round. So few numbers could be found again from their hash: it goes. */
export const COUNTED_IN_FIGURES = { status: 'counted', sha256: NO_REPORT.sha256 } as const;

/** A round starts when none is under way, as the next number, on the newest checkpoint. */
export function checkOpening(
  opening: Pick<RoundRow, 'task' | 'number' | 'baseVersion'>,
  found: { readonly lastNumber: number; readonly underWay: boolean; readonly newestVersion: number },
): void {
  const where = `round ${opening.number} of ${opening.task}`;
  if (found.underWay) throw new BugError(`${where}: another round is under way`);
  if (opening.number !== found.lastNumber + 1) throw new BugError(`${where}: the last one is ${found.lastNumber}`);
  if (opening.baseVersion !== found.newestVersion) {
    throw new BugError(`${where}: starts from version ${opening.baseVersion}, the newest is ${found.newestVersion}`);
  }
}

/** A round gets its cohort once, and in it nobody twice. */
export function checkCohort(
  round: Pick<RoundRow, 'task' | 'number'>,
  phase: RoundRow['phase'] | undefined,
  assignments: readonly AssignmentRow[],
): void {
  const where = `round ${round.number} of ${round.task}`;
  if (phase !== 'selecting') throw new BugError(`${where} is not selecting`);
  for (const key of ['slot', 'clientId', 'token', 'updateId'] as const) {
    const values = new Set(assignments.map((row) => row[key]));
    if (values.size !== assignments.length) throw new BugError(`${where}: two assignments have the same ${key}`);
  }
}

/** Parts join the fill that is under way. */
export function checkJoining(
  { task, number }: Pick<RoundRow, 'task' | 'number'>,
  underWay: Pick<RoundRow, 'number' | 'schedule' | 'phase'> | undefined,
): void {
  const isIt = underWay?.number === number && underWay.schedule === 'buffered' && underWay.phase === 'reporting';
  if (!isIt) throw new BugError(`round ${number} of ${task} is no fill that is reporting`);
}

export function checkNext({ task, number }: Pick<RoundRow, 'task' | 'number'>, next: NextFill): void {
  if (next.number !== number + 1) throw new BugError(`round ${next.number} of ${task} does not follow ${number}`);
}

/** A checkpoint is the next version, and a copy is of weights that are still there. */
export function checkNextVersion(
  task: TaskId,
  checkpoint: NewCheckpoint,
  newestVersion: number,
  original: { readonly sha256: string; readonly kept: boolean } | null,
): void {
  const where = `version ${checkpoint.version} of ${task}`;
  if (checkpoint.version !== newestVersion + 1) throw new BugError(`${where}: the newest is ${newestVersion}`);
  if (checkpoint.copyOf === null) return;
  if (!original?.kept) throw new BugError(`${where}: the weights of version ${checkpoint.copyOf} are gone`);
  if (original.sha256 !== checkpoint.sha256) throw new BugError(`${where}: not the weights of ${checkpoint.copyOf}`);
}

/**
 * A round that is under way is committed once, with exactly the receipts that its assignments call accepted: one that
 * is acknowledged and not in the aggregate, or in it and withdrawn, must never pass as counted.
 */
export function checkCommit(
  end: RoundEndRow,
  found: { readonly phase: RoundRow['phase'] | undefined; readonly acceptedIds: readonly UpdateId[] },
): void {
  checkUnderWay(end, found.phase);
  const folded = new Set(end.assignments.filter(({ end: how }) => how === 'accepted').map(({ updateId }) => updateId));
  const accepted = new Set(found.acceptedIds);
  const extra = [...accepted].filter((id) => !folded.has(id));
  const missing = [...folded].filter((id) => !accepted.has(id));
  if (extra.length + missing.length === 0) return;
  throw new BugError(
    `round ${end.number} of ${end.task}: receipts ${list(extra)} are not in the commit, or ${list(missing)} not accepted`,
  );
}

export function checkUnderWay(
  round: { readonly task: TaskId; readonly number: number },
  phase: RoundRow['phase'] | undefined,
): void {
  if (phase === undefined || phase === 'ended')
    throw new BugError(`round ${round.number} of ${round.task} is not under way`);
}

const list = (ids: readonly string[]): string => `[${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''}]`;
