import { existsSync } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '../../shared/hash.ts';
import type { Sha256 } from '../../shared/ids.ts';
import { FILL_PLACE } from '../rounds/underway.ts';
import { makeFolder, syncFolder } from '../storage/blobs/durable.ts';
import { fileBlobs } from '../storage/blobs/files.ts';
import { CorruptBlobError } from '../storage/blobs/port.ts';
import { fileSpool } from '../storage/blobs/spool.ts';
import { codeOf } from '../storage/errors.ts';
import type { Storage } from '../storage/port.ts';
import { SqliteDatabase } from '../storage/sqlite/library.ts';
import { openSqlite } from '../storage/sqlite/sqlite.ts';
import { CommandError } from './connection.ts';

export interface Backup {
  readonly tasks: number;
  readonly blobs: number;
  /** Of open rounds. */
  readonly reports: number;
  /** Weights that are damaged where they are, or gone, and not in the backup. */
  readonly damaged: readonly Sha256[];
}

/** A report that the database named went before it was copied: rounds went on meanwhile. */
class GoneMeanwhile extends Error {}

/** A round that ends while its reports are copied takes them with it: then another moment is taken. */
const MOMENTS = 10;

/**
 * A copy of a data folder on SQLite, as of one moment of its database, with the weights and the reports that it names; a server may
 * run on it. `target` is made, or empty, and for its owner alone. Rejects with a `CommandError`, and leaves nothing of its own there then.
 */
export async function backUpFolder(dataFolder: string, target: string): Promise<Backup> {
  if (!existsSync(join(dataFolder, 'fedtab.db'))) throw new CommandError(`${dataFolder} is no data folder on SQLite`);
  const isMade = await takeFolder(target);
  for (let moment = 1; ; moment++) {
    try {
      return await copyMoment(dataFolder, target);
    } catch (error) {
      for (const name of await readdir(target)) await rm(join(target, name), { recursive: true, force: true });
      if (error instanceof GoneMeanwhile && moment < MOMENTS) continue;
      if (isMade) await rmdir(target);
      if (!(error instanceof GoneMeanwhile)) throw error;
      throw new CommandError('rounds end faster than their reports are copied: pause the tasks, or try again');
    }
  }
}

/** Resolves to whether it was made: else it was there, and empty. */
async function takeFolder(target: string): Promise<boolean> {
  try {
    const found = await readdir(target).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    });
    if (found !== null && found.length > 0) throw new CommandError(`${target} is not empty`);
    await mkdir(target, { recursive: true, mode: 0o700 });
    await chmod(target, 0o700);
    return found === null;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    throw new CommandError(`${target} cannot take a backup: ${(error as Error).message}`);
  }
}

async function copyMoment(dataFolder: string, target: string): Promise<Backup> {
  await syncFolder(join(target, '..'));
  const file = join(target, 'fedtab.db');
  const database = new SqliteDatabase(join(dataFolder, 'fedtab.db'));
  try {
    database.exec('pragma busy_timeout = 10000');
    database.prepare('vacuum into ?').run(file);
  } finally {
    database.close();
  }
  const storage = await openSqlite(file);
  try {
    // First what goes first: reports end with their round, weights stay for a while after nothing names them.
    const reports = await copyReports(storage, dataFolder, target);
    const { blobs, damaged } = await copyBlobs(storage, dataFolder, target);
    const tls = join(dataFolder, 'tls');
    if (existsSync(tls)) await copyFiles(tls, join(target, 'tls'));
    return { tasks: (await storage.tasks.list()).length, blobs, reports, damaged };
  } finally {
    await storage.close();
    await synced(file);
    await syncFolder(target);
  }
}

async function copyReports(storage: Storage, dataFolder: string, target: string): Promise<number> {
  const from = fileSpool(join(dataFolder, 'spool'));
  const folder = join(target, 'spool');
  await makeFolder(folder);
  const to = fileSpool(folder);
  let count = 0;
  for (const { spec } of await storage.tasks.list()) {
    const underway = await storage.rounds.unfinished(spec.id);
    if (underway === null) continue;
    const place = underway.round.schedule === 'buffered' ? FILL_PLACE : underway.round.number;
    for (const { updateId, sha256 } of underway.receipts) {
      const bytes = await readFile(from.path(spec.id, place, updateId)).catch(() => null);
      if (bytes === null || sha256Hex(bytes) !== sha256) throw new GoneMeanwhile();
      const writer = await to.open(spec.id, place, updateId, bytes.byteLength);
      await writer.write(0, bytes);
      await writer.finish();
      count += 1;
    }
  }
  return count;
}

async function copyBlobs(
  storage: Storage,
  dataFolder: string,
  target: string,
): Promise<Pick<Backup, 'blobs' | 'damaged'>> {
  const from = fileBlobs(join(dataFolder, 'blobs'));
  const folder = join(target, 'blobs');
  await makeFolder(folder);
  const to = fileBlobs(folder);
  const damaged: Sha256[] = [];
  let blobs = 0;
  for (const sha256 of await storage.checkpoints.referenced()) {
    const bytes = await from.get(sha256).catch((error: unknown) => {
      if (!(error instanceof CorruptBlobError)) throw error;
      return null;
    });
    // It cannot have gone meanwhile: weights stay for a while after nothing names them.
    if (bytes === null) damaged.push(sha256);
    else {
      await to.put(bytes);
      blobs += 1;
    }
  }
  return { blobs, damaged };
}

async function copyFiles(from: string, to: string): Promise<void> {
  await makeFolder(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, copy] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyFiles(source, copy);
    else {
      await writeFile(copy, await readFile(source), { mode: 0o600 });
      await synced(copy);
    }
  }
  await syncFolder(to);
}

async function synced(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
