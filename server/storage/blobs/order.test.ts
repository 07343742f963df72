import { mkdtempSync, rmSync } from 'node:fs';
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TaskId, UpdateId } from '../../../shared/ids.ts';
import { makeFolder } from './durable.ts';
import { fileBlobs } from './files.ts';
import { fileSpool } from './spool.ts';

/** What the disk is asked for, in the order in which the requests end; what fails is not among them. */
let done: string[];
/** The next fsync of such a file fails, as that of a failing disk does. */
let failing: string | null;
let folder: string;
const real = { open: fs.open, rename: fs.rename, mkdir: fs.mkdir };

const nameOf = (path: unknown): string =>
  relative(folder, String(path))
    .replace(/[0-9a-f]{64}/, 'hash')
    .replace(/\.[0-9a-f]{12}\.tmp$/, '.tmp') || '.';

function watched(handle: FileHandle, name: string): FileHandle {
  const note =
    <Arguments extends unknown[], Value>(word: string, call: (...given: Arguments) => Promise<Value>) =>
    async (...given: Arguments): Promise<Value> => {
      if (word === 'sync' && name === failing) throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
      const value = await call.apply(handle, given);
      done.push(`${word} ${name}`);
      return value;
    };
  return Object.assign(handle, {
    writeFile: note('write', handle.writeFile),
    write: note('write', handle.write as (...given: unknown[]) => Promise<unknown>),
    sync: note('sync', handle.sync),
  });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedtab-order-'));
  done = [];
  failing = null;
  fs.open = async (...given) => watched(await real.open(...given), nameOf(given[0]));
  fs.rename = async (from, to) => {
    await real.rename(from, to);
    done.push(`rename ${nameOf(from)} ${nameOf(to)}`);
  };
  fs.mkdir = (async (path: string, options?: object) => {
    await real.mkdir(path, options);
    done.push(`mkdir ${nameOf(path)}`);
  }) as typeof fs.mkdir;
  syncBuiltinESMExports();
});
afterEach(() => {
  Object.assign(fs, real);
  syncBuiltinESMExports();
  rmSync(folder, { recursive: true, force: true });
});

describe('a blob', () => {
  it('is written, synced, renamed, and its folder synced, in this order', async () => {
    await fileBlobs(folder).put(Uint8Array.of(1, 2, 3));
    expect(done).toEqual(['write hash.tmp', 'sync hash.tmp', 'rename hash.tmp hash', 'sync .']);
  });

  it('that is there already is not written again, and its folder is synced all the same', async () => {
    const blobs = fileBlobs(folder);
    await blobs.put(Uint8Array.of(1, 2, 3));
    done = [];
    await blobs.put(Uint8Array.of(1, 2, 3));
    expect(done).toEqual(['sync .']);
  });

  it('that could not be synced gets no name', async () => {
    failing = 'hash.tmp';
    await expect(fileBlobs(folder).put(Uint8Array.of(1, 2, 3))).rejects.toThrow('EIO');
    expect(done).toEqual(['write hash.tmp']);
    expect(await fs.readdir(folder)).toEqual([]);
  });

  it('whose name could not be synced is not told to be there', async () => {
    failing = '.';
    await expect(fileBlobs(folder).put(Uint8Array.of(1, 2, 3))).rejects.toThrow('EIO');
  });
});

describe('a report', () => {
  const id = '1'.padStart(32, '0') as UpdateId;
  const folders = ['mkdir digits', 'sync .', 'mkdir digits/7', 'sync digits'];

  it('is written, synced, renamed, and its folder synced, in folders whose names are synced', async () => {
    const writer = await fileSpool(folder).open('digits' as TaskId, 7, id, 3);
    await writer.write(0, Uint8Array.of(1, 2, 3));
    await writer.finish();
    const file = `digits/7/${id}`;
    expect(done).toEqual([
      ...folders,
      `write ${file}.partial`,
      `sync ${file}.partial`,
      `rename ${file}.partial ${file}`,
      'sync digits/7',
    ]);
  });

  it('that could not be synced gets no name, and nothing of it stays', async () => {
    failing = `digits/7/${id}.partial`;
    const writer = await fileSpool(folder).open('digits' as TaskId, 7, id, 3);
    await writer.write(0, Uint8Array.of(1, 2, 3));
    await expect(writer.finish()).rejects.toThrow('EIO');
    expect(done).toEqual([...folders, `write ${failing}`]);
    expect(await fs.readdir(join(folder, 'digits/7'))).toEqual([]);
  });
});

it('a folder is made, and then the folder that it is in synced', async () => {
  await makeFolder(join(folder, 'made'));
  expect(done).toEqual(['mkdir made', 'sync .']);
});
