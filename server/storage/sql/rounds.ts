import { type Kysely, sql } from 'kysely';
import type { AssignmentToken, ClientId, TaskId, UpdateId } from '../../../shared/ids.ts';
import { NO_METRICS } from '../../../shared/protocol/index.ts';
import type { NextFill, ReceiptRow, RoundEndRow, RoundRow, RoundStore } from '../port.ts';
import {
  COUNTED_IN_FIGURES,
  checkCohort,
  checkCommit,
  checkJoining,
  checkNext,
  checkNextVersion,
  checkOpening,
  checkUnderWay,
  NO_REPORT,
} from '../rules.ts';
import type { Schema } from '../schema.ts';
import { type Database, fenceHolds, insertCheckpoint, newestVersion, portions, type Work } from './parts.ts';
import { assignmentColumns, assignmentRow, type receiptColumns, receiptRow, roundRow, taskColumns } from './rows.ts';

export function sqlRounds(database: Database, accept: RoundStore['accept']): RoundStore {
  const lastNumber = async (connection: Kysely<Schema>, task: RoundRow['task']): Promise<number> => {
    const row = await connection
      .selectFrom('rounds')
      .select(({ fn }) => fn.max('number').as('number'))
      .where('task', '=', task)
      .executeTakeFirst();
    return row?.number ?? 0;
  };

  const open = (fence: number, opening: Opening): Promise<'saved' | 'fenced'> =>
    database.change([opening.task], async (work) => {
      const { task, number, baseVersion } = opening;
      const [holds, last, underWay, newest] = await Promise.all([
        fenceHolds(work, task, fence),
        lastNumber(work, task),
        roundUnderWay(work, task),
        newestVersion(work, task),
      ]);
      if (!holds) return 'fenced';
      const found = { lastNumber: last, underWay: underWay !== undefined, newestVersion: newest };
      checkOpening({ task, number, baseVersion }, found);
      await insertRound(work, opening);
      return 'saved';
    });

  return {
    open: (fence, opening) =>
      open(fence, { ...opening, schedule: 'synchronous', phase: 'selecting', reportingEndsAt: null }),
    openFill: (fence, fill) =>
      open(fence, {
        ...{ ...fill, selectionEndsAt: fill.startedAt },
        ...{ purpose: 'train', schedule: 'buffered', phase: 'reporting' },
      }),
    assign: (fence, task, number, reportingEndsAt, assignments) =>
      database.change([task], async (work) => {
        const [holds, phase] = await Promise.all([fenceHolds(work, task, fence), phaseOf(work, { task, number })]);
        if (!holds) return 'fenced';
        checkCohort({ task, number }, phase, assignments);
        const rows = assignments.map((row) => assignmentColumns(row, { task, number }));
        await Promise.all([
          work
            .updateTable('rounds')
            .set({ phase: 'reporting', reportingEndsAt, selected: assignments.length })
            .where('task', '=', task)
            .where('number', '=', number)
            .execute(),
          ...portions(rows).map((portion) => work.insertInto('assignments').values(portion).execute()),
        ]);
        return 'saved';
      }),

    join: (fence, task, number, assignments) =>
      database.change([task], async (work) => {
        const [holds, round] = await Promise.all([fenceHolds(work, task, fence), roundUnderWay(work, task)]);
        if (!holds) return 'fenced';
        checkJoining({ task, number }, round);
        const rows = assignments.map((row) => assignmentColumns(row, { task, number }));
        await Promise.all([
          work
            .updateTable('rounds')
            .set(({ eb }) => ({ selected: eb('selected', '+', rows.length) }))
            .where('task', '=', task)
            .where('number', '=', number)
            .execute(),
          ...portions(rows).map((portion) => work.insertInto('assignments').values(portion).execute()),
        ]);
        return 'saved';
      }),

    accept,

    async reject(task, updateId, reason) {
      await database.change([task], (work) =>
        work
          .updateTable('assignments')
          .set({ ended: 'rejected', rejection: reason })
          .where('task', '=', task)
          .where('updateId', '=', updateId)
          .where('ended', 'is', null)
          .execute(),
      );
    },

    abandon: (fence, end, reason) =>
      database.change([end.task], async (work) => {
        const [holds, phase] = await Promise.all([fenceHolds(work, end.task, fence), phaseOf(work, end)]);
        if (!holds) return 'fenced';
        checkUnderWay(end, phase);
        await Promise.all([
          endReceipts(work, end, { status: 'abandoned', reason }),
          ...endRound(work, end, { outcome: 'abandoned', reason, version: null }),
        ]);
        return 'saved';
      }),

    commit: (fence, end, checkpoint, next = null) =>
      database.change([end.task], async (work) => {
        const { task } = end;
        const [holds, phase, newest, acceptedIds] = await Promise.all([
          fenceHolds(work, task, fence),
          phaseOf(work, end),
          newestVersion(work, task),
          acceptedIn(work, end),
        ]);
        if (!holds) return 'fenced';
        checkCommit(end, { phase, acceptedIds });
        checkNextVersion(task, checkpoint, newest, null);
        const { version } = checkpoint;
        await Promise.all([
          insertCheckpoint(work, task, checkpoint, end.endedAt),
          endReceipts(work, end, { status: 'counted', version }),
          ...endRound(work, end, { outcome: 'committed', reason: null, version }),
        ]);
        if (next !== null) await goOn(work, end, version, next);
        return 'saved';
      }),

    conclude: (fence, end, evaluation) =>
      database.change([end.task], async (work) => {
        const [holds, phase, acceptedIds] = await Promise.all([
          fenceHolds(work, end.task, fence),
          phaseOf(work, end),
          acceptedIn(work, end),
        ]);
        if (!holds) return 'fenced';
        checkCommit(end, { phase, acceptedIds });
        const evaluationJson = JSON.stringify(evaluation);
        await Promise.all([
          endReceipts(work, end, COUNTED_IN_FIGURES),
          ...endRound(work, end, { outcome: 'committed', reason: null, version: null, evaluationJson }),
        ]);
        return 'saved';
      }),

    unfinished: (task) =>
      database.snapshot(async (work) => {
        const round = await roundUnderWay(work, task);
        if (!round) return null;
        const [assignments, receipts] = await Promise.all([
          work
            .selectFrom('assignments')
            .selectAll()
            .where('task', '=', task)
            .where('round', '=', round.number)
            .orderBy('slot')
            .execute(),
          work
            .selectFrom('receipts')
            .selectAll()
            .where('task', '=', task)
            .where('round', '=', round.number)
            .where('status', '<>', 'withdrawn')
            .orderBy('foldOrder')
            .execute(),
        ]);
        return {
          round: roundRow(round),
          assignments: assignments.map(assignmentRow),
          receipts: receipts.map(receiptRow),
        };
      }),

    async list(task, limit, before = Number.MAX_SAFE_INTEGER) {
      const last = await database.read((rows) =>
        rows
          .selectFrom('rounds')
          .selectAll()
          .where('task', '=', task)
          .where('number', '<', before)
          .orderBy('number', 'desc')
          .limit(limit)
          .execute(),
      );
      return last.map(roundRow).reverse();
    },

    lastNumber: (task) => database.read((rows) => lastNumber(rows, task)),

    contributors: (task, of) =>
      database.read(async (connection) => {
        const known = connection
          .selectFrom('assignments')
          .select(({ fn }) => fn.count<number>('clientId').distinct().as('count'))
          .where('task', '=', task)
          // Whoever was forgotten has the report's id in the place of the name.
          .where(sql<boolean>`client_id <> update_id`)
          .executeTakeFirstOrThrow();
        const ofThese = portions(of).map((portion) =>
          connection
            .selectFrom('receipts')
            .select(['clientId', 'updateId'])
            .where('task', '=', task)
            .where('clientId', 'in', portion)
            .where('version', '>', ({ selectFrom }) =>
              selectFrom('checkpoints')
                .select(({ fn, val }) => fn.coalesce(fn.max('version'), val(0)).as('since'))
                .where('task', '=', task)
                .where('origin', '=', 'rollback'),
            )
            .orderBy('round')
            .execute(),
        );
        const [{ count }, ...rows] = await Promise.all([known, ...ofThese]);
        return { count: Number(count), counted: new Map(rows.flat().map((row) => [row.clientId, row.updateId])) };
      }),

    async receipt(updateId) {
      const row = await database.read((rows) =>
        rows.selectFrom('receipts').selectAll().where('updateId', '=', updateId).executeTakeFirst(),
      );
      return row ? receiptRow(row) : null;
    },

    async receiptsOf(task, round) {
      const found = await database.read((rows) =>
        rows
          .selectFrom('receipts')
          .selectAll()
          .where('task', '=', task)
          .where('round', '=', round)
          .orderBy('foldOrder')
          .execute(),
      );
      return found.map(receiptRow);
    },

    withdraw: (task, clientId) =>
      database.change([task], async (work) => {
        const [withdrawn] = await Promise.all([
          receiptsOf(work, task, clientId, 'accepted')
            .set({ ...anonymous, ...NO_REPORT, status: 'withdrawn' })
            .returning('updateId')
            .execute(),
          receiptsOf(work, task, clientId, 'abandoned')
            .set({ ...anonymous, ...NO_REPORT })
            .execute(),
          receiptsOf(work, task, clientId, 'counted').set(anonymous).execute(),
          work
            .updateTable('assignments')
            .set({
              clientId: sql<ClientId>`update_id`,
              token: sql<AssignmentToken>`update_id`,
              seed: 0,
              ended: sql`coalesce(ended, 'dropped')`,
            })
            .where('task', '=', task)
            .where('clientId', '=', clientId)
            .execute(),
        ]);
        return withdrawn.map(({ updateId }) => updateId);
      }),
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

async function insertRound(work: Work, opening: Opening): Promise<void> {
  const end = { endedAt: null, outcome: null, reason: null, version: null, evaluationJson: null };
  const counts = { selected: 0, accepted: 0, rejectedJson: '{}', late: 0, surplus: 0, dropped: 0 };
  const bytes = { uplinkBytes: 0, downlinkBytes: 0 };
  await work
    .insertInto('rounds')
    .values({ ...opening, ...end, ...counts, ...bytes })
    .execute();
}

/** The next fill, and the parts that go on in it. */
async function goOn(work: Work, { task, number }: Place, baseVersion: number, next: NextFill): Promise<void> {
  checkNext({ task, number }, next);
  const { startedAt, reportingEndsAt, carried } = next;
  const opening = { task, number: next.number, purpose: 'train', schedule: 'buffered', phase: 'reporting' } as const;
  await insertRound(work, { ...opening, baseVersion, selectionEndsAt: startedAt, reportingEndsAt, startedAt });
  await Promise.all([
    work
      .updateTable('rounds')
      .set({ selected: carried.length })
      .where('task', '=', task)
      .where('number', '=', next.number)
      .execute(),
    ...carried.map(({ updateId, slot }) =>
      work
        .updateTable('assignments')
        .set({ round: next.number, slot })
        .where('task', '=', task)
        .where('round', '=', number)
        .where('updateId', '=', updateId)
        .execute(),
    ),
  ]);
}

/** A receipt's client and what it said, as `nobody` of `rules.ts` puts it. */
const anonymous = { clientId: sql<ClientId>`update_id`, metricsJson: JSON.stringify(NO_METRICS) };

const receiptsOf = (work: Work, task: TaskId, clientId: ClientId, status: ReceiptRow['status']) =>
  work.updateTable('receipts').where('task', '=', task).where('clientId', '=', clientId).where('status', '=', status);

type Place = Pick<RoundRow, 'task' | 'number'>;

function roundUnderWay(work: Work, task: RoundRow['task']) {
  return work
    .selectFrom('rounds')
    .selectAll()
    .where('task', '=', task)
    .where('phase', '<>', 'ended')
    .executeTakeFirst();
}

async function phaseOf(work: Work, { task, number }: Place): Promise<RoundRow['phase'] | undefined> {
  const query = work.selectFrom('rounds').select('phase').where('task', '=', task).where('number', '=', number);
  return (await query.executeTakeFirst())?.phase;
}

async function acceptedIn(work: Work, { task, number }: Place): Promise<UpdateId[]> {
  const rows = await work
    .selectFrom('receipts')
    .select('updateId')
    .where('task', '=', task)
    .where('round', '=', number)
    .where('status', '=', 'accepted')
    .execute();
  return rows.map(({ updateId }) => updateId);
}

type ReceiptEnd = Partial<Pick<ReturnType<typeof receiptColumns>, 'sha256' | 'status' | 'version' | 'reason'>>;

async function endReceipts(work: Work, { task, number }: Place, columns: ReceiptEnd): Promise<void> {
  await work
    .updateTable('receipts')
    .set(columns)
    .where('task', '=', task)
    .where('round', '=', number)
    .where('status', '=', 'accepted')
    .execute();
}

/** The writes of a round's end but those on its receipts: all are sent at once. */
function endRound(
  work: Work,
  end: RoundEndRow,
  result: Pick<RoundRow, 'outcome' | 'reason' | 'version'> & { readonly evaluationJson?: string },
): Promise<unknown>[] {
  const { task, number, endedAt } = end;
  const { rejected, ...counts } = end.counts;
  const writes: Promise<unknown>[] = [
    work
      .updateTable('rounds')
      .set({ phase: 'ended', endedAt, ...result, ...counts, rejectedJson: JSON.stringify(rejected) })
      .where('task', '=', task)
      .where('number', '=', number)
      .execute(),
  ];
  const columns = taskColumns(end.taskPatch);
  if (Object.keys(columns).length > 0) {
    writes.push(work.updateTable('tasks').set(columns).where('id', '=', task).execute());
  }
  for (const [how, ids] of byEnd(end.assignments)) {
    for (const portion of portions(ids)) {
      writes.push(
        work
          .updateTable('assignments')
          .set({ ended: how })
          .where('task', '=', task)
          .where('round', '=', number)
          .where('updateId', 'in', portion)
          .execute(),
      );
    }
  }
  return writes;
}

function byEnd(assignments: RoundEndRow['assignments']) {
  const found = new Map<RoundEndRow['assignments'][number]['end'], UpdateId[]>();
  for (const { updateId, end } of assignments) {
    const ids = found.get(end);
    if (ids) ids.push(updateId);
    else found.set(end, [updateId]);
  }
  return found;
}
