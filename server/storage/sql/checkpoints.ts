import type { Sha256 } from '../../../shared/ids.ts';
import type { CheckpointStore } from '../port.ts';
import { checkNextVersion } from '../rules.ts';
import { type Database, fenceHolds, insertCheckpoint, newestVersion, portions } from './parts.ts';
import { checkpointRow } from './rows.ts';

export function sqlCheckpoints(database: Database): CheckpointStore {
  return {
    async get(task, version) {
      const row = await database.read((rows) =>
        rows
          .selectFrom('checkpoints')
          .selectAll()
          .where('task', '=', task)
          .where('version', '=', version)
          .executeTakeFirst(),
      );
      return row ? checkpointRow(row) : null;
    },

    async list(task) {
      const found = await database.read((rows) =>
        rows.selectFrom('checkpoints').selectAll().where('task', '=', task).orderBy('version').execute(),
      );
      return found.map(checkpointRow);
    },

    async setMetrics(task, version, metrics) {
      await database.change([task], (work) =>
        work
          .updateTable('checkpoints')
          .set({ metricsJson: JSON.stringify(metrics) })
          .where('task', '=', task)
          .where('version', '=', version)
          .execute(),
      );
    },

    append: (task, fence, checkpoint, at) =>
      database.change([task], async (work) => {
        const [holds, newest, original] = await Promise.all([
          fenceHolds(work, task, fence),
          newestVersion(work, task),
          work
            .selectFrom('checkpoints')
            .select(['sha256', 'kept'])
            .where('task', '=', task)
            .where('version', '=', checkpoint.copyOf ?? -1)
            .executeTakeFirst(),
        ]);
        if (!holds) return 'fenced';
        checkNextVersion(task, checkpoint, newest, original ? { ...original, kept: original.kept === 1 } : null);
        await insertCheckpoint(work, task, checkpoint, at);
        return 'saved';
      }),

    release: (task, versions) =>
      database.change([task], async (work) => {
        for (const portion of portions(versions)) {
          await work
            .updateTable('checkpoints')
            .set({ kept: 0 })
            .where('task', '=', task)
            .where('version', 'in', portion)
            .execute();
        }
      }),

    async taskOf(sha256) {
      const row = await database.read((rows) =>
        rows
          .selectFrom('checkpoints')
          .innerJoin('tasks', 'tasks.id', 'checkpoints.task')
          .select(['tasks.id', 'tasks.closed'])
          .where((either) =>
            either.or([either('checkpoints.sha256', '=', sha256), either('checkpoints.stepSha256', '=', sha256)]),
          )
          .where('checkpoints.kept', '=', 1)
          .orderBy('tasks.closed')
          .orderBy('tasks.id')
          .limit(1)
          .executeTakeFirst(),
      );
      return row ? { task: row.id, closed: row.closed === 1 } : null;
    },

    async referenced() {
      const kept = await database.read((rows) =>
        rows
          .selectFrom('checkpoints')
          .select(['sha256', 'optimizerSha256', 'stepSha256'])
          .where('kept', '=', 1)
          .execute(),
      );
      const hashes = new Set<Sha256>();
      for (const { sha256, optimizerSha256, stepSha256 } of kept) {
        for (const hash of [sha256, optimizerSha256, stepSha256]) if (hash !== null) hashes.add(hash);
      }
      return hashes;
    },
  };
}
