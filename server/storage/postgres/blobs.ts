import { sql } from 'kysely';
import { BugError } from '../../../shared/assert.ts';
import { isSha256, type Sha256 } from '../../../shared/ids.ts';
import { type HashOf, offTheLoop } from '../blobs/files.ts';
import { CorruptBlobError, type RemoteBlobs } from '../blobs/port.ts';
import { PIECE_BYTES, piecesOf } from './pieces.ts';
import type { Postgres } from './postgres.ts';

/** Blobs as rows of pieces: however large one is, a piece is all of it that is on its way at a time. */
export function postgresBlobs(database: Postgres, hashOf: HashOf = offTheLoop): RemoteBlobs {
  const get = async (sha256: Sha256): Promise<Uint8Array | null> => {
    if (!isSha256(sha256)) throw new BugError('not the name of a blob');
    const bytes = await database.snapshot(async (work) => {
      const row = await work.selectFrom('blobs').select('bytes').where('sha256', '=', sha256).executeTakeFirst();
      if (row === undefined) return null;
      const whole = new Uint8Array(row.bytes);
      for (let piece = 0; piece * PIECE_BYTES < row.bytes; piece++) {
        const found = await work
          .selectFrom('blobPieces')
          .select('content')
          .where('sha256', '=', sha256)
          .where('piece', '=', piece)
          .executeTakeFirst();
        const room = whole.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES);
        if (found?.content.length === room.length) room.set(found.content);
      }
      return whole;
    });
    if (bytes !== null && (await hashOf(bytes)) !== sha256) {
      throw new CorruptBlobError(`blob ${sha256} in the database: the bytes do not have this hash`);
    }
    return bytes;
  };

  /** False if it is not there, or not whole. */
  const renew = async (sha256: Sha256): Promise<boolean> => {
    const { numUpdatedRows } = await database.change([], (work) =>
      work.updateTable('blobs').set({ storedAt: database.now() }).where('sha256', '=', sha256).executeTakeFirst(),
    );
    if (numUpdatedRows === 0n) return false;
    return get(sha256).then(
      (bytes) => bytes !== null,
      (error: unknown) => {
        if (error instanceof CorruptBlobError) return false;
        throw error;
      },
    );
  };

  const write = (sha256: Sha256, bytes: Uint8Array): Promise<void> =>
    database.change([], async (work) => {
      await work.deleteFrom('blobs').where('sha256', '=', sha256).execute();
      const { numInsertedOrUpdatedRows } = await work
        .insertInto('blobs')
        .values({ sha256, bytes: bytes.byteLength, storedAt: database.now() })
        .onConflict((conflict) => conflict.column('sha256').doNothing())
        .executeTakeFirstOrThrow();
      // Somebody else put the same at the same time, and was first.
      if (numInsertedOrUpdatedRows === 0n) return;
      for (const { piece, content } of piecesOf(bytes)) {
        await work.insertInto('blobPieces').values({ sha256, piece, content }).execute();
      }
    });

  return {
    get,

    async put(bytes) {
      const sha256 = await hashOf(bytes);
      if (!(await renew(sha256))) await write(sha256, bytes);
      return sha256;
    },

    async sweep(referenced, graceMs, now) {
      const { numDeletedRows } = await database.change([], async (work) => {
        // Of processes that ended long ago: nobody asks any more what became of their last transactions.
        await work
          .deleteFrom('lastTransactions')
          .where('at', '<', now - 24 * graceMs)
          .execute();
        return work
          .deleteFrom('blobs')
          .where('storedAt', '<', now - graceMs)
          .where(sql<boolean>`sha256 <> all(${[...referenced]}::text[])`)
          .executeTakeFirst();
      });
      return Number(numDeletedRows);
    },
  };
}
