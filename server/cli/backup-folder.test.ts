import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { committedRound, createdTask } from '../storage/contract-rows.ts';
import { openSqlite } from '../storage/sqlite/sqlite.ts';
import { backUpFolder } from './backup-folder.ts';
import { CommandError } from './connection.ts';

let folder: string;
let data: string;
let target: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fedtab-backup-'));
  [data, target] = [join(folder, 'data'), join(folder, 'to')];
  for (const name of ['', 'blobs', 'spool', 'tls']) mkdirSync(join(data, name));
  const storage = await openSqlite(join(data, 'fedtab.db'));
  await storage.close();
});
afterEach(() => rmSync(folder, { recursive: true }));

it('what is no empty folder is refused, and left as it is', async () => {
  writeFileSync(target, 'somebody’s file');
  await expect(backUpFolder(data, target)).rejects.toThrow(CommandError);
  await expect(backUpFolder(data, join(target, 'in-it'))).rejects.toThrow(CommandError);
  expect(readFileSync(target, 'utf8')).toBe('somebody’s file');
});

it('where it fails, a folder that was there stays, empty, and one that it made goes', async () => {
  writeFileSync(join(data, 'fedtab.db'), 'no database '.repeat(100));
  mkdirSync(target);
  await expect(backUpFolder(data, target)).rejects.toThrow('not a database');
  expect(readdirSync(target)).toEqual([]);
  await expect(backUpFolder(data, join(folder, 'made'))).rejects.toThrow('not a database');
  expect(readdirSync(folder)).toEqual(['data', 'to']);
});

it('weights that are gone are named and left out, as damaged ones are', async () => {
  const storage = await openSqlite(join(data, 'fedtab.db'));
  const fence = await createdTask(storage);
  await committedRound(storage, fence, 1, 3);
  const referenced = await storage.checkpoints.referenced();
  await storage.close();
  expect(referenced.size).toBe(2);
  expect(await backUpFolder(data, target)).toEqual({ tasks: 1, blobs: 0, reports: 0, damaged: [...referenced] });
});

it('a folder that was there becomes its owner’s alone, and so is the key of TLS, which is on the disk at the end', async () => {
  mkdirSync(target);
  chmodSync(target, 0o755);
  writeFileSync(join(data, 'tls', 'key.pem'), 'secret', { mode: 0o400 });
  const synced: string[] = [];
  const { open } = fs;
  fs.open = async (path, ...more) => {
    const handle = await open(path, ...more);
    const { sync } = handle;
    return Object.assign(handle, {
      sync: async () => {
        await sync.call(handle);
        synced.push(relative(target, String(path)) || '.');
      },
    });
  };
  syncBuiltinESMExports();
  try {
    await backUpFolder(data, target);
  } finally {
    fs.open = open;
    syncBuiltinESMExports();
  }
  expect(synced).toEqual(expect.arrayContaining(['..', 'tls/key.pem', 'tls', 'fedtab.db', '.']));
  const modeOf = (name: string): number => statSync(join(target, name)).mode & 0o777;
  expect([modeOf('.'), modeOf('tls'), modeOf('tls/key.pem')]).toEqual([0o700, 0o700, 0o600]);
});
