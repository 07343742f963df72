import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { lstat, open, readdir, readFile, rename, rm, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { BugError } from '../../../shared/assert.ts';
import { isSha256, type Sha256 } from '../../../shared/ids.ts';
import { codeOf, onFiles } from '../errors.ts';
import { syncFolder } from './durable.ts';
import { type BlobStore, CorruptBlobError } from './port.ts';
import { sharedReads } from './shared-reads.ts';

/** A file that is being written, or on its way out. */
const TEMPORARY = /^[0-9a-f]{64}\.[0-9a-f]{12}\.tmp$/;
const temporary = (path: string): string => `${path}.${randomBytes(6).toString('hex')}.tmp`;

/** Files whose last check is remembered. */
const CHECKED_COUNT = 1_024;
const CHECK_BYTES = 256 * 1024;

export interface FileBlobs extends BlobStore {
  /** Where it lies if it is there. */
  path(sha256: Sha256): string;
}

/**
 * Blobs as files of one folder, which is there already. Several threads and processes may have the same folder: all
 * that is shared is on the disk. A thread that may wait hashes `inPlace`: off the event loop it takes a copy of each blob.
 * `onDamaged` hears of one whose bytes are not those of its name: what is only looked at, once for each state of its file.
 */
export function fileBlobs(
  folder: string,
  hashOf: HashOf = offTheLoop,
  onDamaged: (sha256: Sha256) => void = () => {},
): FileBlobs {
  const stream = sharedReads();
  const checks = new Map<Sha256, { readonly stamp: string; readonly isWhole: Promise<boolean> }>();
  const path = (sha256: Sha256): string => {
    if (!isSha256(sha256)) throw new BugError('not the name of a blob');
    return join(folder, sha256);
  };

  /** An old blob is new again for the sweep; false if it is not there, or not whole. */
  const renew = async (sha256: Sha256): Promise<boolean> => {
    try {
      if ((await read(path(sha256), sha256, hashOf)) === null) return false;
      const now = new Date();
      await utimes(path(sha256), now, now);
      return true;
    } catch (error) {
      if (error instanceof CorruptBlobError || codeOf(error) === 'ENOENT') return false;
      throw error;
    }
  };

  const isWhole = (sha256: Sha256, { ino, size, mtimeMs }: Stats): Promise<boolean> => {
    const stamp = `${ino} ${size} ${mtimeMs}`;
    const before = checks.get(sha256);
    if (before?.stamp === stamp) return before.isWhole;
    const check = hashOfFile(path(sha256)).then((found) => {
      if (found !== sha256) onDamaged(sha256);
      return found === sha256;
    });
    checks.delete(sha256);
    checks.set(sha256, { stamp, isWhole: check });
    check.catch(() => checks.delete(sha256));
    const oldest = checks.keys().next().value;
    if (checks.size > CHECKED_COUNT && oldest !== undefined) checks.delete(oldest);
    return check;
  };
  const size = (sha256: Sha256): Promise<number | null> =>
    onFiles(async () => {
      const stats = await lstat(path(sha256)).catch(nullIfAbsent);
      if (!stats?.isFile()) return null;
      if (!(await isWhole(sha256, stats))) throw damaged(path(sha256));
      return stats.size;
    });
  async function* checked(sha256: Sha256, range: Parameters<BlobStore['stream']>[1]): AsyncGenerator<Buffer> {
    if ((await size(sha256)) === null) throw new Error(`the blob ${sha256} is gone`);
    yield* stream(path(sha256), range) as AsyncIterable<Buffer>;
  }

  return {
    path,

    file: async (sha256) => path(sha256),

    put: (bytes) =>
      onFiles(async () => {
        const sha256 = await hashOf(bytes);
        if (!(await renew(sha256))) await writeWhole(path(sha256), bytes);
        await syncFolder(folder);
        return sha256;
      }),

    get: (sha256) =>
      onFiles(() => read(path(sha256), sha256, hashOf)).catch((error: unknown) => {
        if (error instanceof CorruptBlobError) onDamaged(sha256);
        throw error;
      }),

    size,

    stream(sha256, range) {
      path(sha256);
      return Readable.from(range.end < range.start ? [] : checked(sha256, range), { objectMode: false });
    },

    sweep: (referenced, graceMs, now) =>
      onFiles(async () => {
        let removedCount = 0;
        for (const name of await readdir(folder)) {
          if (TEMPORARY.test(name) || (isSha256(name) && !referenced.has(name))) {
            if (await removeIfOld(join(folder, name), now - graceMs)) removedCount += 1;
          }
        }
        return removedCount;
      }),
  };
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const unfinished = temporary(path);
  try {
    const handle = await open(unfinished, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
}

async function read(path: string, sha256: Sha256, hashOf: HashOf): Promise<Uint8Array | null> {
  const bytes = await readFile(path).catch(nullIfAbsent);
  if (bytes !== null && (await hashOf(bytes)) !== sha256) {
    throw damaged(path);
  }
  return bytes;
}

const damaged = (path: string): CorruptBlobError => new CorruptBlobError(`${path}: the bytes do not have this hash`);

/** Piece by piece: however large it is, one piece is in memory. */
async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: CHECK_BYTES })) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** Set aside first, and looked at once more: somebody may have put the same blob again just now. */
async function removeIfOld(path: string, before: number): Promise<boolean> {
  const isOld = async (file: string): Promise<boolean> => {
    const stats = await lstat(file).catch(nullIfAbsent);
    return stats !== null && !stats.isDirectory() && stats.mtimeMs < before;
  };
  if (!(await isOld(path))) return false;
  if (!isSha256(basename(path))) {
    await rm(path, { force: true });
    return true;
  }
  const aside = temporary(path);
  await rename(path, aside);
  if (await isOld(aside)) {
    await rm(aside, { force: true });
    return true;
  }
  await rename(aside, path);
  return false;
}

export type HashOf = (bytes: Uint8Array) => Sha256 | Promise<Sha256>;

export const offTheLoop: HashOf = async (bytes) => {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Buffer.from(digest).toString('hex') as Sha256;
};

export const inPlace: HashOf = (bytes) => createHash('sha256').update(bytes).digest('hex') as Sha256;

function nullIfAbsent(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null;
  throw error;
}
