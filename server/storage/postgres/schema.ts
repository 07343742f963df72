import type { Sha256, TaskId, UpdateId } from '../../../shared/ids.ts';

/** The tables that only PostgreSQL has, beside those of `storage/schema.ts`. */
export interface PostgresTables {
  /** The last transaction of everybody who writes, so that they can ask whether it was committed. */
  lastTransactions: { writer: string; number: number; at: number };
  blobs: { sha256: Sha256; bytes: number; storedAt: number };
  /** In order; together they are the blob. */
  blobPieces: { sha256: Sha256; piece: number; content: Uint8Array };
  reports: { updateId: UpdateId; task: TaskId; round: number; sha256: Sha256; bytes: number };
  reportPieces: { updateId: UpdateId; piece: number; content: Uint8Array };
}
