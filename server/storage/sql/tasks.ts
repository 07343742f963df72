import { type Kysely, type RawBuilder, sql } from 'kysely';
import { BugError } from '../../../shared/assert.ts';
import type { TaskId } from '../../../shared/ids.ts';
import type { FencingToken, TaskStore } from '../port.ts';
import type { Schema } from '../schema.ts';
import { type Database, fenceHolds, insertCheckpoint, type Work } from './parts.ts';
import { taskColumns, taskRow } from './rows.ts';

export function sqlTasks(database: Database): TaskStore {
  const tasksWithNewest = (rows: Kysely<Schema>) =>
    rows
      .selectFrom('tasks')
      .innerJoin('checkpoints', 'checkpoints.task', 'tasks.id')
      .whereRef('checkpoints.version', '=', ({ selectFrom }) =>
        selectFrom('checkpoints as newest')
          .select(({ fn }) => fn.max('newest.version').as('version'))
          .whereRef('newest.task', '=', 'tasks.id'),
      )
      .selectAll('tasks')
      .select(['checkpoints.version', 'checkpoints.sha256']);

  return {
    create: (spec, initial, at) =>
      database.change([spec.id], async (work) => {
        if (initial.version !== 0) throw new BugError(`${spec.id}: the first version is 0, not ${initial.version}`);
        const { numInsertedOrUpdatedRows } = await work
          .insertInto('tasks')
          .values({
            id: spec.id,
            specJson: JSON.stringify(spec),
            closed: spec.access.joinToken === undefined ? 0 : 1,
            state: 'idle',
            roundsLeft: 0,
            evaluationWanted: 0,
            pausedReason: null,
            abandonedInARow: 0,
            createdAt: at,
            archivedAt: null,
            fence: 0,
            leaseHolder: null,
            leaseEndsAt: null,
          })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows === 0n) return 'taken';
        await insertCheckpoint(work, spec.id, initial, at);
        return 'created';
      }),

    async get(task) {
      const row = await database.read((rows) => tasksWithNewest(rows).where('tasks.id', '=', task).executeTakeFirst());
      return row ? taskRow(row) : null;
    },

    async list() {
      const all = await database.read((rows) =>
        tasksWithNewest(rows).orderBy('tasks.createdAt').orderBy('tasks.id').execute(),
      );
      return all.map(taskRow);
    },

    async update(task, patch, fence) {
      const columns = taskColumns(patch);
      if (Object.keys(columns).length === 0) return 'saved';
      return database.change([task], async (work) => {
        if (fence !== undefined && !(await fenceHolds(work, task, fence))) return 'fenced';
        await work.updateTable('tasks').set(columns).where('id', '=', task).execute();
        return 'saved';
      });
    },

    async remove(task) {
      await database.change([task], (work) => work.deleteFrom('tasks').where('id', '=', task).execute());
    },

    fence: (task) => database.change([task], (work) => nextFence(work, task, { leaseHolder: null, leaseEndsAt: null })),

    unheld: () =>
      database.read(async (rows) => {
        const free = await rows
          .selectFrom('tasks')
          .select('id')
          .where(({ eb, or }) => or([eb('leaseHolder', 'is', null), eb('leaseEndsAt', '<=', database.now())]))
          .execute();
        return free.map(({ id }) => id);
      }),

    lease: (task, leaseHolder, forMs) =>
      database.change([task], async (work) => {
        const found = await work
          .selectFrom('tasks')
          .select(['leaseHolder', 'leaseEndsAt'])
          .select(database.now().as('now'))
          .where('id', '=', task)
          .executeTakeFirst();
        const isFree = found?.leaseHolder == null || found.leaseHolder === leaseHolder;
        if (!isFree && (found?.leaseEndsAt ?? 0) > (found?.now ?? 0)) return null;
        return nextFence(work, task, { leaseHolder, leaseEndsAt: sql<number>`${database.now()} + ${forMs}` });
      }),

    renew: (leases, forMs) =>
      database.change(
        leases.map(({ task }) => task),
        async (work) => {
          const renewed = leases.map(({ task, token }) =>
            work
              .updateTable('tasks')
              .set({ leaseEndsAt: sql<number>`${database.now()} + ${forMs}` })
              .where('id', '=', task)
              .where('fence', '=', token)
              .where('leaseHolder', 'is not', null)
              .returning('fence')
              .execute(),
          );
          return (await Promise.all(renewed)).flatMap((rows) => rows.map(({ fence }) => fence));
        },
      ),

    async endLease(task, token) {
      await database.change([task], (work) =>
        work
          .updateTable('tasks')
          .set({ leaseHolder: null, leaseEndsAt: null })
          .where('id', '=', task)
          .where('fence', '=', token)
          .execute(),
      );
    },
  };
}

/** One counter for all tasks: a task made anew under an old name never gives out an old token. */
async function nextFence(
  work: Work,
  task: TaskId,
  lease: { readonly leaseHolder: string | null; readonly leaseEndsAt: RawBuilder<number> | null },
): Promise<FencingToken> {
  const { value } = await work
    .updateTable('counters')
    .set({ value: sql<number>`value + 1` })
    .where('name', '=', 'fence')
    .returning('value')
    .executeTakeFirstOrThrow();
  const { numUpdatedRows } = await work
    .updateTable('tasks')
    .set({ fence: value, ...lease })
    .where('id', '=', task)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) throw new BugError(`no lease for ${task}: there is no such task`);
  return value;
}
