import { open } from 'node:fs/promises';
import type { Sha256, UpdateId } from '../../../shared/ids.ts';
import { LIMITS } from '../../../shared/limits.ts';
import type { MovingReports } from '../blobs/port.ts';
import { onFiles } from '../errors.ts';
import type { Postgres } from './postgres.ts';

/** Under a name beside the report's: it is none, and goes wherever reports of its round or its task go. */
export const movingName = (updateId: UpdateId): UpdateId => `${updateId}.moving` as UpdateId;

/** Moving reports in the tables of the finished ones: a chunk is a piece. */
export function postgresMovingReports(database: Postgres): MovingReports {
  return {
    async leave(task, round, report, path, chunks) {
      const updateId = movingName(report);
      const handle = await onFiles(() => open(path, 'r'));
      try {
        await database.change([], async (work) => {
          await work.deleteFrom('reports').where('updateId', '=', updateId).execute();
          await work
            .insertInto('reports')
            .values({ updateId, task, round, sha256: '' as Sha256, bytes: 0 })
            .execute();
          for (const piece of chunks) {
            const content = new Uint8Array(LIMITS.chunkBytes);
            const at = piece * LIMITS.chunkBytes;
            const { bytesRead } = await onFiles(() => handle.read(content, 0, content.length, at));
            await work
              .insertInto('reportPieces')
              .values({ updateId, piece, content: content.subarray(0, bytesRead) })
              .execute();
          }
        });
      } finally {
        await handle.close();
      }
    },

    async chunk(report, index) {
      const row = await database.read((rows) =>
        rows
          .selectFrom('reportPieces')
          .select('content')
          .where('updateId', '=', movingName(report))
          .where('piece', '=', index)
          .executeTakeFirst(),
      );
      return row?.content ?? null;
    },

    async remove(report) {
      await database.change([], (work) =>
        work.deleteFrom('reports').where('updateId', '=', movingName(report)).execute(),
      );
    },
  };
}
