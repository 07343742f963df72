import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { sql, type Transaction } from 'kysely';
import type { Sha256, TaskId, UpdateId } from '../../../shared/ids.ts';
import { CorruptBlobError, type Spool } from '../blobs/port.ts';
import { onFiles, StorageIoError } from '../errors.ts';
import { movingName } from './moving-reports.ts';
import { PIECE_BYTES } from './pieces.ts';
import type { Postgres } from './postgres.ts';
import type { Tables } from './transactions.ts';

/**
 * Reports in files of this machine, where they are written, checked and folded, and, once they are finished, in the
 * database too: what a receipt refers to outlives the machine. One that is asked for where it is not is brought.
 */
export function postgresSpool(database: Postgres, local: Spool): Spool {
  const save = (task: TaskId, round: number, updateId: UpdateId): Promise<void> =>
    database.change([], async (work) => {
      await work.deleteFrom('reports').where('updateId', '=', updateId).execute();
      await work
        .insertInto('reports')
        .values({ updateId, task, round, sha256: '' as Sha256, bytes: 0 })
        .execute();
      const written = await writePieces(work, updateId, local.path(task, round, updateId));
      // Late, of a process that was silent for long: other bytes were accepted meanwhile, and keep their place.
      const receipt = await work
        .selectFrom('receipts')
        .select('sha256')
        .where('updateId', '=', updateId)
        .executeTakeFirst();
      if (receipt !== undefined && receipt.sha256 !== written.sha256)
        throw new StorageIoError(`report ${updateId} is there with other bytes`);
      await work.updateTable('reports').set(written).where('updateId', '=', updateId).execute();
    });

  /** False where the database does not have it. */
  const bring = async (task: TaskId, round: number, updateId: UpdateId): Promise<boolean> => {
    const find = () =>
      database.read((rows) =>
        rows.selectFrom('reports').select(['sha256', 'bytes']).where('updateId', '=', updateId).executeTakeFirst(),
      );
    const found = await find();
    if (found === undefined) return false;
    const writer = await local.open(task, round, updateId, found.bytes);
    const hash = createHash('sha256');
    try {
      for (let piece = 0; piece * PIECE_BYTES < found.bytes; piece++) {
        const row = await database.read((rows) =>
          rows
            .selectFrom('reportPieces')
            .select('content')
            .where('updateId', '=', updateId)
            .where('piece', '=', piece)
            .executeTakeFirst(),
        );
        if (row === undefined) break;
        hash.update(row.content);
        await writer.write(piece * PIECE_BYTES, row.content);
      }
      if (hash.digest('hex') === found.sha256) {
        await writer.finish();
        return true;
      }
    } finally {
      await writer.discard();
    }
    // Another process has removed it meanwhile, or put other bytes in its place.
    if ((await find())?.sha256 !== found.sha256) return false;
    throw new CorruptBlobError(`report ${updateId} in the database: the bytes do not have their hash`);
  };

  return {
    path: (...report) => local.path(...report),

    async open(task, round, updateId, totalBytes) {
      const writer = await local.open(task, round, updateId, totalBytes);
      return {
        path: writer.path,
        write: (offset, bytes) => writer.write(offset, bytes),
        async finish() {
          await writer.finish();
          await save(task, round, updateId);
        },
        pause: () => writer.pause(),
        discard: () => writer.discard(),
      };
    },

    has: async (...report) => (await local.has(...report)) || bring(...report),

    async remove(task, round, updateId) {
      const names = [updateId, movingName(updateId)];
      await database.change([], (work) => work.deleteFrom('reports').where('updateId', 'in', names).execute());
      await local.remove(task, round, updateId);
    },

    async drop(task, round) {
      await database.change([], (work) =>
        work.deleteFrom('reports').where('task', '=', task).where('round', '=', round).execute(),
      );
      await local.drop(task, round);
    },

    async dropTask(task) {
      await database.change([], (work) => work.deleteFrom('reports').where('task', '=', task).execute());
      await local.dropTask(task);
    },

    async keepOnly(tasks) {
      // As they are now: another process may have made one since.
      await database.change([], (work) =>
        work
          .deleteFrom('reports')
          .where('task', 'not in', (of) => of.selectFrom('tasks').select('id'))
          .execute(),
      );
      await local.keepOnly(tasks);
    },

    async sweep(task, open) {
      const kept = open?.reports ?? [];
      await database.change([], (work) =>
        work
          .deleteFrom('reports')
          .where('task', '=', task)
          .where(sql<boolean>`update_id <> all(${kept}::text[])`)
          .execute(),
      );
      await local.sweep(task, open);
    },

    tidy: (task, open) => local.sweep(task, open),

    release: (task, round, updateId) =>
      updateId === undefined ? local.drop(task, round) : local.remove(task, round, updateId),
  };
}

async function writePieces(
  work: Transaction<Tables>,
  updateId: UpdateId,
  path: string,
): Promise<{ readonly sha256: Sha256; readonly bytes: number }> {
  const hash = createHash('sha256');
  const handle = await onFiles(() => open(path, 'r'));
  try {
    const content = new Uint8Array(PIECE_BYTES);
    let bytes = 0;
    for (let piece = 0; ; piece++) {
      const { bytesRead } = await onFiles(() => handle.read(content, 0, PIECE_BYTES, bytes));
      if (bytesRead === 0) break;
      const read = content.subarray(0, bytesRead);
      hash.update(read);
      await work.insertInto('reportPieces').values({ updateId, piece, content: read }).execute();
      bytes += bytesRead;
    }
    return { sha256: hash.digest('hex') as Sha256, bytes };
  } finally {
    await handle.close();
  }
}
