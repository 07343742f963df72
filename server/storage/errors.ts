/**
 * What can go wrong below the ports. After any of these nothing of the call happened, and nothing may be acknowledged; only
 * after an `UnknownOutcomeError` it may have happened all the same.
 */

/** No room, or a quota: new reports are refused as `storage-full`, what is there can still be read. */
export class StorageFullError extends Error {
  override readonly name = 'StorageFullError';
}

/** The disk or the database failed, or is closed. */
export class StorageIoError extends Error {
  override readonly name = 'StorageIoError';
}

/**
 * The database went away while it was asked to commit, and had not come back when the storage was closed: only the next
 * start can read what became of it. While the storage is open such a call waits for the answer instead.
 */
export class UnknownOutcomeError extends StorageIoError {}

/** What is on the disk is not what was written. */
export class CorruptDatabaseError extends Error {
  override readonly name = 'CorruptDatabaseError';
}

/** Another process has this data folder. */
export class DataFolderInUseError extends Error {
  override readonly name = 'DataFolderInUseError';
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Does work on files; an error of the system becomes one of ours, and its message keeps the path for the log. */
export async function onFiles<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    const Kind = FULL.has(code) ? StorageFullError : StorageIoError;
    throw new Kind((error as Error).message, { cause: error });
  }
}

/** `ENOENT` and the like, if it is an error of the system. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
