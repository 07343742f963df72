import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Sha256 } from '../../shared/ids.ts';
import { cachedBlobs } from './blobs/cached.ts';
import { makeFolder, syncFolder } from './blobs/durable.ts';
import { fileBlobs, offTheLoop } from './blobs/files.ts';
import type { BlobPlace, BlobStore, DamagedBlob, MovingReports, S3Keys, Spool } from './blobs/port.ts';
import { s3Blobs } from './blobs/s3.ts';
import { fileSpool } from './blobs/spool.ts';
import { onFiles } from './errors.ts';
import { lockFolder } from './folder-lock.ts';
import type { Storage } from './port.ts';
import { postgresBlobs } from './postgres/blobs.ts';
import { holdDatabase } from './postgres/hold.ts';
import { postgresMovingReports } from './postgres/moving-reports.ts';
import { Postgres } from './postgres/postgres.ts';
import { postgresSpool } from './postgres/spool.ts';
import { sqlStorage } from './sql/storage.ts';
import { openSqlite } from './sqlite/sqlite.ts';

export interface StorageOptions {
  /** Made if it is not there. */
  readonly dataFolder: string;
  /** Of a PostgreSQL database; none: SQLite in the data folder. */
  readonly databaseUrl?: string | null;
  /** The database is shared with other processes. */
  readonly isShared?: boolean;
  /** Where blobs are with PostgreSQL: in it, or in a folder that every process has. With SQLite: in the data folder. */
  readonly blobs?: BlobChoice;
  /** Hears of each blob that is found damaged by this thread. */
  readonly onDamaged?: (blob: DamagedBlob) => void;
}

export type BlobChoice =
  | { readonly kind: 'database' }
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 's3'; readonly url: string; readonly keys: S3Keys };

type OnDamaged = (blob: DamagedBlob) => void;

export interface OpenedStorage {
  readonly storage: Storage;
  readonly blobs: BlobStore;
  readonly spool: Spool;
  /** Null where no other process can have this storage. */
  readonly moving: MovingReports | null;
  /** For threads that open the blobs themselves. */
  readonly blobPlace: BlobPlace;
  /** Resolves when everything is closed and another process may have the folder. */
  close(): Promise<void>;
}

/**
 * Opens everything durable and takes the data folder for this process alone, and the database too unless it is shared. Rejects with
 * `DataFolderInUseError`, `CorruptDatabaseError`, `StorageFullError`, `StorageIoError`, or a `TypeError` for a URL that is
 * not one of PostgreSQL.
 */
export async function openStorage({
  dataFolder,
  databaseUrl,
  blobs,
  isShared = false,
  onDamaged = () => {},
}: StorageOptions): Promise<OpenedStorage> {
  const folder = resolve(dataFolder);
  await onFiles(() => mkdir(folder, { recursive: true, mode: 0o700 }));
  const unlock = lockFolder(folder);
  try {
    await onFiles(() => syncFolder(resolve(folder, '..')));
    const opened = databaseUrl
      ? await openOnPostgres(folder, databaseUrl, blobs ?? { kind: 'database' }, isShared, onDamaged)
      : await openOnSqlite(folder, onDamaged);
    return {
      ...opened,
      async close() {
        await opened.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openOnSqlite(folder: string, onDamaged: OnDamaged): Promise<OpenedStorage> {
  const blobPlace = { kind: 'folder', folder: await folderIn(folder, 'blobs') } as const;
  const spool = fileSpool(await folderIn(folder, 'spool'));
  const storage = await openSqlite(join(folder, 'fedtab.db'));
  const blobs = fileBlobs(blobPlace.folder, offTheLoop, (sha256) => onDamaged({ sha256, copy: 'store' }));
  return { storage, blobs, spool, moving: null, blobPlace, close: () => storage.close() };
}

async function openOnPostgres(
  folder: string,
  url: string,
  choice: BlobChoice,
  isShared: boolean,
  onDamaged: OnDamaged,
): Promise<OpenedStorage> {
  const local = fileSpool(await folderIn(folder, 'spool'));
  const cacheFolder = await folderIn(folder, 'cache');
  const blobPlace: BlobPlace =
    choice.kind === 'database' ? { kind: 'database', url, cacheFolder } : placeOf(choice, cacheFolder);
  // Not made: a network folder that is not mounted is an empty folder of this machine.
  if (choice.kind === 'folder') await onFiles(() => access(choice.folder, constants.W_OK));
  const database = new Postgres(url);
  const release = await holdDatabase(url, undefined, isShared);
  try {
    await database.prepare();
  } catch (error) {
    await database.close();
    await release();
    throw error;
  }
  return {
    storage: sqlStorage(database),
    blobs: blobsOf(blobPlace, onDamaged, database),
    spool: postgresSpool(database, local),
    moving: isShared ? postgresMovingReports(database) : null,
    blobPlace,
    async close() {
      await database.close();
      await release();
    },
  };
}

const placeOf = (choice: Exclude<BlobChoice, { kind: 'database' }>, cacheFolder: string): BlobPlace =>
  choice.kind === 'folder' ? choice : { ...choice, cacheFolder };

function blobsOf(place: BlobPlace, onDamaged: OnDamaged, database: Postgres): BlobStore {
  const tell = (copy: DamagedBlob['copy']) => (sha256: Sha256) => onDamaged({ sha256, copy });
  if (place.kind === 'folder') return fileBlobs(place.folder, offTheLoop, tell('store'));
  const store = place.kind === 's3' ? s3Blobs(place.url, place.keys) : postgresBlobs(database);
  return cachedBlobs(fileBlobs(place.cacheFolder, offTheLoop, tell('cache')), store, tell('store'));
}

async function folderIn(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await onFiles(() => makeFolder(path));
  return path;
}
