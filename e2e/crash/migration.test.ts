import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { committedRound, createdTask, DIGITS, reportingRound, sha } from '../../server/storage/contract-rows.ts';
import type { Storage } from '../../server/storage/port.ts';
import { sharedCluster } from '../../server/storage/postgres/fixtures/cluster.ts';
import { type Cut, CuttingProxy } from '../../server/storage/postgres/fixtures/cutting-proxy.ts';
import { openPostgres } from '../../server/storage/postgres/open.ts';
import { Connection } from '../../server/storage/sqlite/connection.ts';
import { openSqlite } from '../../server/storage/sqlite/sqlite.ts';
import { ensureStrace } from '../fixtures/strace.ts';

// A database of the first version, with a task in the middle of a round, is brought up to date and interrupted at it.

const seed = Number(process.env['CRASH_SEED'] ?? 20_261_130);
const STEP = 10;
const FILE = 'fedtab.db';
const TO_FIRST = [
  'alter table receipts drop column place',
  'drop table admin_sessions',
  'create table admin_sessions (sha256 text primary key, expires_at bigint not null)',
  'drop table admin_tickets',
  "delete from kysely_migration where name > '0001-z'",
];
const OPENING = fileURLToPath(new URL('open-sqlite.ts', import.meta.url));
const TYPESCRIPT = fileURLToPath(new URL('../typescript.mjs', import.meta.url));

async function filled(storage: Storage): Promise<unknown> {
  const fence = await createdTask(storage);
  await committedRound(storage, fence, 1, 3);
  await reportingRound(storage, fence, 2, 3);
  const rows = await rowsOf(storage);
  await storage.close();
  return rows;
}
async function rowsOf(storage: Storage): Promise<unknown> {
  return {
    // Tables that the migrations make.
    ticket: await storage.admin.useTicket(sha(1), 0),
    sessions: await storage.admin.sessions(),
    task: await storage.tasks.get(DIGITS),
    checkpoints: await storage.checkpoints.list(DIGITS),
    receipts: [await storage.rounds.receiptsOf(DIGITS, 1), await storage.rounds.receiptsOf(DIGITS, 2)],
    open: await storage.rounds.unfinished(DIGITS),
  };
}

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

test.each(['before', 'after'] as const)(
  `PostgreSQL: the connection cut at every fourth message of a migration, %s it is answered, changes nothing (CRASH_SEED=${seed})`,
  async (cut: Cut) => {
    const cluster = await sharedCluster();
    const url = await cluster.createDatabase();
    const expected = await filled(await openPostgres(url));
    const proxy = await CuttingProxy.open(url);
    try {
      let cuts = 0;
      for (let left = 1 + (seed % 4); ; left += 4) {
        await cluster.query(url, TO_FIRST.join('; '));
        proxy.next = { left, cut };
        const storage = await openPostgres(proxy.url);
        const wasCut = proxy.next === null;
        expect(await rowsOf(storage), `cut ${cut} message ${left}`).toEqual(expected);
        await storage.close();
        if (!wasCut) break;
        cuts += 1;
      }
      expect(cuts).toBeGreaterThan(3);
    } finally {
      await proxy.close();
    }
  },
  120_000,
);
