import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder, syncFolder } from './blobs/durable.ts';
import { fileBlobs } from './blobs/files.ts';
import type { BlobStore, Spool } from './blobs/port.ts';
import { fileSpool } from './blobs/spool.ts';
import { onFiles } from './errors.ts';
import { lockFolder } from './folder-lock.ts';
import type { Storage } from './port.ts';
import { openSqlite } from './sqlite/sqlite.ts';

export interface StorageOptions {
  /** Made if it is not there. */
  readonly dataFolder: string;
  /** Of another database; none: SQLite in the data folder. */
  readonly url?: string | undefined;
}

export interface OpenedStorage {
  readonly storage: Storage;
  readonly blobs: BlobStore;
  readonly spool: Spool;
  /** Where `blobs` lie, for threads that open them themselves with `fileBlobs`. */
  readonly blobsFolder: string;
  /** Resolves when everything is closed and another process may have the folder. */
  close(): Promise<void>;
}

/**
 * Opens everything durable and takes the data folder for this process alone. Rejects with `DataFolderInUseError`,
 * `CorruptDatabaseError`, `StorageFullError`, `StorageIoError`, or a `TypeError` for a URL that it does not know.
 */
export async function openStorage({ dataFolder, url }: StorageOptions): Promise<OpenedStorage> {
  if (url !== undefined && url !== '') throw new TypeError('other databases than SQLite are not supported yet');
  const folder = resolve(dataFolder);
  const blobsFolder = join(folder, 'blobs');
  const spoolFolder = join(folder, 'spool');
  await onFiles(() => mkdir(folder, { recursive: true, mode: 0o700 }));
  const unlock = lockFolder(folder);
  try {
    await onFiles(async () => {
      await syncFolder(resolve(folder, '..'));
      await makeFolder(blobsFolder);
      await makeFolder(spoolFolder);
    });
    const storage = await openSqlite(join(folder, 'fedtab.db'));
    return {
      storage,
      blobs: fileBlobs(blobsFolder),
      spool: fileSpool(spoolFolder),
      blobsFolder,
      async close() {
        await storage.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}
