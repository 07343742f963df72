import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { TaskId } from '../../../shared/ids.ts';
import type { OfferedReceipt, ReceiptOutcome, ReceiptRow, RoundStore } from '../port.ts';
import { decideReceipts, type KnownReceipts, type ReceivingRound } from '../rules.ts';
import { type Database, portions, type Work } from './parts.ts';
import { receiptColumns, receiptRow } from './rows.ts';

interface Call {
  readonly receipts: readonly OfferedReceipt[];
  readonly at: number;
  readonly resolve: (outcomes: ReceiptOutcome[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: calls of one turn of the event loop, and those that come while a transaction is under way, share the
 * next transaction and its one fsync.
 */
export function gatheredAccept(database: Database): {
  readonly accept: RoundStore['accept'];
  /** Resolves when no call waits. */
  settled(): Promise<void>;
} {
  let waiting: Call[] = [];
  let running: Promise<void> | null = null;

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const calls = waiting;
      waiting = [];
      try {
        const outcomes = await database.change(tasksOf(calls), (work) => accept(work, calls));
        calls.forEach((call, index) => {
          call.resolve(outcomes[index] ?? []);
        });
      } catch (error) {
        for (const call of calls) call.reject(error);
      }
    }
    running = null;
  };

  return {
    accept: (receipts, at) =>
      new Promise((resolve, reject) => {
        waiting.push({ receipts, at, resolve, reject });
        running ??= endOfTurn().then(drain);
      }),
    settled: async () => running ?? undefined,
  };
}

const tasksOf = (calls: readonly Call[]): TaskId[] => [
  ...new Set(calls.flatMap(({ receipts }) => receipts.map(({ task }) => task))),
];

async function accept(work: Work, calls: readonly Call[]): Promise<ReceiptOutcome[][]> {
  const all = calls.flatMap((call) => call.receipts);
  const { known, learn } = await readKnown(work, all);
  const outcomes: ReceiptOutcome[][] = [];
  const added: ReceiptRow[] = [];
  for (const { receipts, at } of calls) {
    const decided = decideReceipts(receipts, at, known);
    learn(decided.added);
    added.push(...decided.added);
    outcomes.push([...decided.outcomes]);
  }
  await Promise.all(
    portions(added).map((rows) => work.insertInto('receipts').values(rows.map(receiptColumns)).execute()),
  );
  return outcomes;
}

async function readKnown(work: Work, receipts: readonly OfferedReceipt[]) {
  const byUpdate = new Map<string, ReceiptRow>();
  const byClient = new Map<string, ReceiptRow>();
  const rounds = new Map<string, ReceivingRound>();
  const learn = (rows: readonly ReceiptRow[]): void => {
    for (const row of rows) {
      byUpdate.set(row.updateId, row);
      byClient.set(`${row.task}/${row.round}/${row.clientId}`, row);
      const place = `${row.task}/${row.round}`;
      const round = rounds.get(place);
      if (round) rounds.set(place, { ...round, lastOrder: Math.max(round.lastOrder, row.order) });
    }
  };

  const reads: Promise<void>[] = [];
  for (const { task, round, portion } of byRound(receipts)) {
    reads.push(readRound(work, task, round).then((found) => void (found && rounds.set(`${task}/${round}`, found))));
    for (const few of portions(portion)) {
      const ids = few.map(({ updateId }) => updateId);
      const clients = few.map(({ clientId }) => clientId);
      reads.push(
        work
          .selectFrom('receipts')
          .selectAll()
          .where(({ and, or, eb }) =>
            or([
              eb('updateId', 'in', ids),
              and([eb('task', '=', task), eb('round', '=', round), eb('clientId', 'in', clients)]),
            ]),
          )
          .execute()
          .then((rows) => learn(rows.map(receiptRow))),
      );
    }
  }
  await Promise.all(reads);

  const known: KnownReceipts = {
    byUpdate: (updateId) => byUpdate.get(updateId) ?? null,
    ofClient: (task, round, clientId) => byClient.get(`${task}/${round}/${clientId}`) ?? null,
    round: (task, round) => rounds.get(`${task}/${round}`) ?? null,
  };
  return { known, learn };
}

function byRound(receipts: readonly OfferedReceipt[]) {
  const found = new Map<
    string,
    { readonly task: TaskId; readonly round: number; readonly portion: OfferedReceipt[] }
  >();
  for (const receipt of receipts) {
    const { task, round } = receipt;
    const place = `${task}/${round}`;
    const entry = found.get(place) ?? { task, round, portion: [] };
    entry.portion.push(receipt);
    found.set(place, entry);
  }
  return found.values();
}

async function readRound(work: Work, task: TaskId, round: number): Promise<ReceivingRound | null> {
  const row = await work
    .selectFrom('rounds')
    .innerJoin('tasks', 'tasks.id', 'rounds.task')
    .select(['phase', 'schedule', 'fence'])
    .select(({ selectFrom }) =>
      selectFrom('receipts')
        .select(({ fn }) => fn.max('foldOrder').as('last'))
        .whereRef('receipts.task', '=', 'rounds.task')
        .whereRef('receipts.round', '=', 'rounds.number')
        .as('lastOrder'),
    )
    .where('task', '=', task)
    .where('number', '=', round)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { phase, schedule, fence, lastOrder } = row;
  return { isOpen: phase === 'reporting', schedule, fence, lastOrder: lastOrder ?? 0 };
}
