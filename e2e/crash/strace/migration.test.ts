import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Connection } from '../../../server/storage/sqlite/connection.ts';
import { openSqlite } from '../../../server/storage/sqlite/sqlite.ts';
import { ensureStrace } from '../../fixtures/strace.ts';
import { filled, rowsOf, TO_FIRST } from '../migrated.ts';

// A database of the first version, with a task in the middle of a round, is brought up to date and interrupted at it.

const seed = Number(process.env['CRASH_SEED'] ?? 20_261_130);
const STEP = 10;
const FILE = 'fedtab.db';
const OPENING = fileURLToPath(new URL('../open-sqlite.ts', import.meta.url));
const TYPESCRIPT = fileURLToPath(new URL('../../typescript.mjs', import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedtab-migration-'));
});
afterAll(() => rm(folder, { recursive: true }));

test(`SQLite: killed at every ${STEP}th write and every fsync of a migration, all is there and the next start ends it (CRASH_SEED=${seed})`, async () => {
  expect(ensureStrace()).toBeNull();
  const old = join(folder, 'old');
  mkdirSync(old);
  const expected = await filled(await openSqlite(join(old, FILE)));
  const connection = new Connection(join(old, FILE));
  for (const sql of TO_FIRST) connection.run({ kind: 'run', sql, parameters: [], inTransaction: false });
  connection.run({ kind: 'close' });

  const kills = { pwrite64: 0, fsync: 0 };
  for (const [call, first, step] of [
    ['pwrite64', 1 + (seed % STEP), STEP],
    ['fsync', 1, 1],
  ] as const)
    for (let number = first; ; number += step) {
      const path = join(folder, `${call}-${number}`, FILE);
      await cp(old, dirname(path), { recursive: true });
      const inject = `inject=${call}:signal=SIGKILL:when=${number}`;
      const strace = ['-f', '-qq', '-e', `trace=${call}`, '-e', inject, '-o', '/dev/null', process.execPath];
      const opening = spawn('strace', [...strace, '--import', TYPESCRIPT, OPENING, path], { stdio: 'ignore' });
      const [code, signal] = await once(opening, 'exit');

      const storage = await openSqlite(path);
      expect(await rowsOf(storage), `killed at ${call} ${number}`).toEqual(expected);
      await storage.close();
      if (code === 0) break;
      expect(signal).toBe('SIGKILL');
      kills[call] += 1;
    }
  expect(kills.pwrite64).toBeGreaterThan(1);
  expect(kills.fsync).toBeGreaterThan(1);
}, 120_000);
