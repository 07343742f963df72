import { BugError } from '../../../shared/assert.ts';
import type { ClientId, TaskId, UpdateId } from '../../../shared/ids.ts';
import { NO_METRICS } from '../../../shared/protocol/index.ts';
import type { AssignmentRow, FencingToken, NextFill, ReceiptRow, RoundEndRow, RoundRow, RoundStore } from '../port.ts';
import {
  COUNTED_IN_FIGURES,
  checkCohort,
  checkCommit,
  checkJoining,
  checkNext,
  checkNextVersion,
  checkOpening,
  checkUnderWay,
  decideReceipts,
  type KnownReceipts,
  NO_REPORT,
  nobody,
} from '../rules.ts';
import { newCheckpointRow, newestVersionOf, type RoundState, roundOf, type State, type TaskState } from './state.ts';

export function memoryRounds(state: State): RoundStore {
  const held = (task: TaskId, fence: FencingToken): TaskState | null => {
    const found = state.tasks.get(task);
    return found?.fence === fence ? found : null;
  };
  const receipt: RoundStore['receipt'] = async (updateId) => receiptIn(state, updateId);

  const open = (fence: FencingToken, opening: Opening): 'saved' | 'fenced' => {
    const { task, number, baseVersion } = opening;
    const found = held(task, fence);
    if (!found) return 'fenced';
    checkOpening(
      { task, number, baseVersion },
      {
        lastNumber: found.rounds.at(-1)?.row.number ?? 0,
        underWay: underWay(found) !== undefined,
        newestVersion: newestVersionOf(found),
      },
    );
    found.rounds.push({ row: newRow(opening), assignments: [], receipts: [] });
    return 'saved';
  };

  return {
    open: async (fence, opening) =>
      open(fence, { ...opening, schedule: 'synchronous', phase: 'selecting', reportingEndsAt: null }),

    openFill: async (fence, fill) =>
      open(fence, {
        ...{ ...fill, selectionEndsAt: fill.startedAt },
        ...{ purpose: 'train', schedule: 'buffered', phase: 'reporting' },
      }),

    async join(fence, task, number, assignments) {
      const found = held(task, fence);
      if (!found) return 'fenced';
      const round = underWay(found);
      checkJoining({ task, number }, round?.row);
      if (!round) throw new BugError('a fill that is under way is there');
      round.row = { ...round.row, selected: round.row.selected + assignments.length };
      round.assignments = [...round.assignments, ...assignments].sort((a, b) => a.slot - b.slot);
      return 'saved';
    },

    async assign(fence, task, number, reportingEndsAt, assignments) {
      const found = held(task, fence);
      if (!found) return 'fenced';
      const round = mustBeUnderWay(found, { task, number });
      checkCohort({ task, number }, round.row.phase, assignments);
      round.row = { ...round.row, phase: 'reporting', reportingEndsAt, selected: assignments.length };
      round.assignments = [...assignments].sort((a, b) => a.slot - b.slot);
      return 'saved';
    },

    async accept(receipts, at) {
      const { outcomes, added } = decideReceipts(receipts, at, knownIn(state));
      for (const row of added) {
        roundOf(state.tasks.get(row.task), row.round)?.receipts.push(row);
        state.receipts.set(row.updateId, { task: row.task, round: row.round });
      }
      return [...outcomes];
    },

    async reject(task, updateId, reason) {
      for (const round of state.tasks.get(task)?.rounds ?? []) {
        round.assignments = round.assignments.map((row) =>
          row.updateId === updateId && row.end === null ? { ...row, end: 'rejected', rejection: reason } : row,
        );
      }
    },

    async abandon(fence, end, reason) {
      const found = held(end.task, fence);
      if (!found) return 'fenced';
      const round = mustBeUnderWay(found, end);
      endRound(found, round, end, { outcome: 'abandoned', reason, version: null }, { status: 'abandoned', reason });
      return 'saved';
    },

    async commit(fence, end, checkpoint, next = null) {
      const found = held(end.task, fence);
      if (!found) return 'fenced';
      const round = mustBeUnderWay(found, end);
      const acceptedIds = round.receipts.filter(({ status }) => status === 'accepted').map(({ updateId }) => updateId);
      checkCommit(end, { phase: round.row.phase, acceptedIds });
      checkNextVersion(end.task, checkpoint, newestVersionOf(found), null);
      if (next !== null) checkNext(end, next);
      const { version } = checkpoint;
      endRound(found, round, end, { outcome: 'committed', reason: null, version }, { status: 'counted', version });
      found.checkpoints.push(newCheckpointRow(checkpoint, end.endedAt));
      if (next !== null) goOn(found, round, version, next);
      return 'saved';
    },

    async conclude(fence, end, evaluation) {
      const found = held(end.task, fence);
      if (!found) return 'fenced';
      const round = mustBeUnderWay(found, end);
      const acceptedIds = round.receipts.filter(({ status }) => status === 'accepted').map(({ updateId }) => updateId);
      checkCommit(end, { phase: round.row.phase, acceptedIds });
      const result = { outcome: 'committed', reason: null, version: null, evaluation } as const;
      endRound(found, round, end, result, COUNTED_IN_FIGURES);
      return 'saved';
    },

    async unfinished(task) {
      const found = state.tasks.get(task);
      const round = found && underWay(found);
      if (!round) return null;
      const receipts = round.receipts.filter(({ status }) => status !== 'withdrawn');
      return { round: round.row, assignments: [...round.assignments], receipts };
    },

    async list(task, limit, before = Number.MAX_SAFE_INTEGER) {
      const all = (state.tasks.get(task)?.rounds ?? []).map(({ row }) => row);
      const rows = all.filter(({ number }) => number < before);
      return rows.slice(Math.max(0, rows.length - limit));
    },

    lastNumber: async (task) => state.tasks.get(task)?.rounds.at(-1)?.row.number ?? 0,

    async contributors(task, of) {
      const rounds = state.tasks.get(task)?.rounds ?? [];
      const parts = rounds.flatMap(({ assignments }) => assignments);
      const known = parts.filter(({ clientId, updateId }) => clientId !== (updateId as string));
      const rollbacks = (state.tasks.get(task)?.checkpoints ?? []).filter(({ origin }) => origin === 'rollback');
      const since = rollbacks.at(-1)?.version ?? 0;
      const counted = new Map<ClientId, UpdateId>();
      for (const { receipts } of rounds) {
        for (const { clientId, updateId, version } of receipts)
          if (version !== null && version > since && of.includes(clientId)) counted.set(clientId, updateId);
      }
      return { count: new Set(known.map(({ clientId }) => clientId)).size, counted };
    },

    receipt,

    receiptsOf: async (task, number) => [...(roundOf(state.tasks.get(task), number)?.receipts ?? [])],

    async withdraw(task, clientId) {
      const isTheirs = (row: ReceiptRow | AssignmentRow): boolean => row.clientId === clientId;
      const rounds = state.tasks.get(task)?.rounds ?? [];
      const theirs = rounds.flatMap(({ receipts }) => receipts.filter(isTheirs));
      for (const round of rounds) {
        round.receipts = round.receipts.map((row) => (isTheirs(row) ? receiptWithoutClient(row) : row));
        round.assignments = round.assignments.map((row) => (isTheirs(row) ? assignmentWithoutClient(row) : row));
      }
      return theirs.filter(({ status }) => status === 'accepted').map(({ updateId }) => updateId);
    },
  };
}

type Opening = Pick<
  RoundRow,
  | 'task'
  | 'number'
  | 'purpose'
  | 'schedule'
  | 'phase'
  | 'baseVersion'
  | 'selectionEndsAt'
  | 'reportingEndsAt'
  | 'startedAt'
>;

function newRow(opening: Opening): RoundRow {
  const end = { endedAt: null, outcome: null, reason: null, version: null, evaluation: null };
  const counts = { selected: 0, accepted: 0, rejected: {}, late: 0, surplus: 0, dropped: 0 };
  return { ...opening, ...end, ...counts, uplinkBytes: 0, downlinkBytes: 0 };
}

/** The next fill, and the parts that go on in it. */
function goOn(task: TaskState, last: RoundState, baseVersion: number, next: NextFill): void {
  const { number, startedAt, reportingEndsAt } = next;
  const slots = new Map(next.carried.map(({ updateId, slot }) => [updateId, slot]));
  const carried = last.assignments.filter(({ updateId }) => slots.has(updateId));
  last.assignments = last.assignments.filter(({ updateId }) => !slots.has(updateId));
  const row = newRow({
    ...{ task: last.row.task, number, purpose: 'train', schedule: 'buffered', phase: 'reporting' },
    ...{ baseVersion, selectionEndsAt: startedAt, reportingEndsAt, startedAt },
  });
  task.rounds.push({
    row: { ...row, selected: carried.length },
    assignments: carried
      .map((one) => ({ ...one, slot: slots.get(one.updateId) ?? one.slot }))
      .sort((a, b) => a.slot - b.slot),
    receipts: [],
  });
}

const underWay = (task: TaskState): RoundState | undefined => task.rounds.find(({ row }) => row.phase !== 'ended');

function mustBeUnderWay(task: TaskState, place: Pick<RoundRow, 'task' | 'number'>): RoundState {
  const round = roundOf(task, place.number);
  checkUnderWay(place, round?.row.phase);
  if (!round) throw new BugError('a round that is under way is there');
  return round;
}

function receiptIn(state: State, updateId: ReceiptRow['updateId']): ReceiptRow | null {
  const place = state.receipts.get(updateId);
  const round = place && roundOf(state.tasks.get(place.task), place.round);
  return round?.receipts.find((row) => row.updateId === updateId) ?? null;
}

function knownIn(state: State): KnownReceipts {
  return {
    byUpdate: (updateId) => receiptIn(state, updateId),
    ofClient: (task, round, clientId) =>
      roundOf(state.tasks.get(task), round)?.receipts.find((row) => row.clientId === clientId) ?? null,
    round(task, number) {
      const round = roundOf(state.tasks.get(task), number);
      return round
        ? {
            isOpen: round.row.phase === 'reporting',
            schedule: round.row.schedule,
            fence: state.tasks.get(task)?.fence ?? 0,
            lastOrder: round.receipts.at(-1)?.order ?? 0,
          }
        : null;
    },
  };
}

function receiptWithoutClient(row: ReceiptRow): ReceiptRow {
  const { clientId } = nobody(row.updateId);
  const anonymous = { ...row, clientId, metrics: NO_METRICS };
  if (row.status === 'counted') return anonymous;
  return { ...anonymous, ...NO_REPORT, status: row.status === 'accepted' ? 'withdrawn' : row.status };
}

const assignmentWithoutClient = (row: AssignmentRow): AssignmentRow => ({
  ...row,
  ...nobody(row.updateId),
  seed: 0,
  end: row.end ?? 'dropped',
});

function endRound(
  task: TaskState,
  round: RoundState,
  end: RoundEndRow,
  result: Pick<RoundRow, 'outcome' | 'reason' | 'version'> & Partial<Pick<RoundRow, 'evaluation'>>,
  receiptEnd: Partial<Pick<ReceiptRow, 'sha256' | 'status' | 'version' | 'reason'>>,
): void {
  const ends = new Map(end.assignments.map((assignment) => [assignment.updateId, assignment.end]));
  round.row = { ...round.row, phase: 'ended', endedAt: end.endedAt, ...end.counts, ...result };
  round.assignments = round.assignments.map((row) => ({ ...row, end: ends.get(row.updateId) ?? row.end }));
  round.receipts = round.receipts.map((row) => (row.status === 'accepted' ? { ...row, ...receiptEnd } : row));
  task.row = { ...task.row, ...end.taskPatch };
}
