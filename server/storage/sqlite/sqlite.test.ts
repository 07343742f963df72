import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BugError } from '../../../shared/assert.ts';
import { storageContract } from '../contract.ts';
import {
  checkpoint,
  client,
  committedRound,
  createdTask,
  DIGITS,
  receipt,
  reportingRound,
  roundEnd,
  T0,
} from '../contract-rows.ts';
import { CorruptDatabaseError, StorageIoError } from '../errors.ts';
import type { Storage } from '../port.ts';
import { Connection } from './connection.ts';
import type { SqliteValue } from './messages.ts';
import { openSqlite } from './sqlite.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedtab-sqlite-'));
  path = join(folder, 'fedtab.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Straight into the file, past the port. */
function inFile(path: string, sql: string, ...parameters: readonly SqliteValue[]): readonly unknown[] {
  const connection = new Connection(path);
  const { rows } = connection.run({ kind: 'run', sql, parameters, inTransaction: false });
  connection.run({ kind: 'close' });
  return rows;
}
const everything = async (storage: Storage) => ({
  tasks: await storage.tasks.list(),
  checkpoints: await storage.checkpoints.list(DIGITS),
  rounds: await storage.rounds.list(DIGITS, 100),
  receipts: [await storage.rounds.receiptsOf(DIGITS, 1), await storage.rounds.receiptsOf(DIGITS, 2)],
  unfinished: await storage.rounds.unfinished(DIGITS),
  audit: await storage.admin.audit(100),
});

describe('sqlite storage, emptied before each test', () => {
  let shared: string;
  let storage: Storage;
  beforeAll(async () => {
    shared = mkdtempSync(join(tmpdir(), 'fedtab-sqlite-'));
    storage = await openSqlite(join(shared, 'fedtab.db'));
  });
  afterAll(async () => {
    await storage.close();
    rmSync(shared, { recursive: true });
  });

  storageContract(async () => {
    for (const table of ['tasks', 'audit', 'settings', 'admin_sessions', 'admin_links']) {
      inFile(join(shared, 'fedtab.db'), `delete from ${table}`);
    }
    return { ...storage, async close() {} };
  });
});

describe('sqlite storage', () => {
  it('is the same after it was closed and opened again', async () => {
    const first = await openSqlite(path);
    const fence = await createdTask(first);
    await committedRound(first, fence, 1, 3);
    await first.checkpoints.setMetrics(DIGITS, 1, { accuracy: 0.5, loss: 1 });
    await reportingRound(first, fence, 2, 3);
    await first.rounds.accept([receipt(2, 1), receipt(2, 0)], T0);
    await first.rounds.reject(DIGITS, receipt(2, 2).updateId, 'norm');
    await first.admin.appendAudit({ at: T0, actor: 'token', action: 'x', task: DIGITS, details: {} });
    const before = await everything(first);
    await first.close();

    const second = await openSqlite(path);
    expect(await everything(second)).toEqual(before);
    expect(await second.rounds.commit(fence, roundEnd(2, [0, 1], [2]), checkpoint(2))).toBe('saved');
    await second.close();
  });

  it('holds the names of a client that had its data deleted in no column', async () => {
    const storage = await openSqlite(path);
    const fence = await createdTask(storage);
    await committedRound(storage, fence, 1, 2);
    await reportingRound(storage, fence, 2, 2);
    await storage.rounds.accept([receipt(2, 0), receipt(2, 1)], T0);
    const tokens = (await storage.rounds.unfinished(DIGITS))?.assignments.map(({ token }) => token) ?? [];
    await storage.rounds.withdraw(DIGITS, client(0));
    await storage.close();
    const tables = inFile(path, "select name from sqlite_master where type = 'table'") as { name: string }[];
    const rows = JSON.stringify(tables.map(({ name }) => inFile(path, `select * from ${name}`)));
    expect([client(0), tokens[0], receipt(2, 0).sha256].filter((name) => rows.includes(`"${name}"`))).toEqual([]);
    expect([client(1), tokens[1], receipt(2, 1).sha256].filter((name) => !rows.includes(`"${name}"`))).toEqual([]);
  });

  it('does all that was asked for before it was closed, and nothing after', async () => {
    const storage = await openSqlite(path);
    const fence = await createdTask(storage);
    await reportingRound(storage, fence, 1, 2);
    const accepting = storage.rounds.accept([receipt(1, 0)], T0);
    const setting = storage.admin.setSetting('a', '1');
    const closing = storage.close();
    await Promise.all([accepting, setting, closing]);
    await expect(storage.rounds.accept([receipt(1, 1)], T0)).rejects.toThrow();
    await expect(storage.tasks.list()).rejects.toThrow();
    expect(inFile(path, 'select count(*) as n from receipts')).toEqual([{ n: 1 }]);
  });

  it('puts the receipts of one turn into one transaction', async () => {
    const storage = await openSqlite(path);
    const fence = await createdTask(storage);
    await reportingRound(storage, fence, 1, 100);
    const walFrames = (): number => Number((inFile(path, 'pragma wal_checkpoint(passive)')[0] as { log: number }).log);
    const before = walFrames();
    await Promise.all(Array.from({ length: 100 }, (_, slot) => storage.rounds.accept([receipt(1, slot)], T0)));
    // 100 rows in some 20 pages of table and indexes; alone, each receipt would write at least 4 pages.
    expect(walFrames() - before).toBeLessThan(100);
    await storage.close();
  });

  it('leaves the event loop free while it works', async () => {
    const storage = await openSqlite(path);
    const fence = await createdTask(storage);
    await reportingRound(storage, fence, 1, 200);
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    for (let slot = 0; slot < 200; slot += 10) {
      await Promise.all(
        Array.from({ length: 10 }, (_, index) => storage.rounds.accept([receipt(1, slot + index)], T0)),
      );
    }
    delay.disable();
    expect(delay.max / 1e6).toBeLessThan(750);
    await storage.close();
  });

  it('takes back a transaction of which the last statement fails', async () => {
    const storage = await openSqlite(path);
    const fence = await createdTask(storage);
    await reportingRound(storage, fence, 1, 2);
    await storage.rounds.accept([receipt(1, 0), receipt(1, 1)], T0);
    const impossible = { ...roundEnd(1, [0, 1]), taskPatch: { roundsLeft: Number.NaN } };
    await expect(storage.rounds.commit(fence, impossible, checkpoint(1))).rejects.toThrow(BugError);
    expect(await storage.tasks.get(DIGITS)).toMatchObject({ version: 0, roundsLeft: 0 });
    expect((await storage.rounds.unfinished(DIGITS))?.receipts.map(({ status }) => status)).toEqual([
      'accepted',
      'accepted',
    ]);
    expect(await storage.rounds.commit(fence, roundEnd(1, [0, 1]), checkpoint(1))).toBe('saved');
    await storage.close();
  });

  it('has constraints of its own, whoever writes', async () => {
    const storage = await openSqlite(path);
    const fence = await createdTask(storage);
    await reportingRound(storage, fence, 1, 2);
    await storage.rounds.accept([receipt(1, 0)], T0);
    await storage.close();
    const copy = (column: string, value: SqliteValue) => () =>
      inFile(
        path,
        `insert into receipts select ${[
          'update_id',
          'task',
          'round',
          'client_id',
          'sha256',
          'bytes',
          'examples',
          'steps',
          'norm',
          'metrics_json',
          'fold_order',
          'accepted_at',
          'status',
          'version',
          'reason',
          'place',
        ]
          .map((name) => (name === column ? '?' : name))
          .join(', ')} from receipts`,
        value,
      );
    expect(copy('client_id', 'other')).toThrow('UNIQUE');
    expect(copy('update_id', 'other')).toThrow('UNIQUE');
    expect(copy('round', 9)).toThrow('constraint failed');
    const second = `insert into rounds select task, 2, purpose, schedule, base_version, phase, selection_ends_at, reporting_ends_at, started_at, ended_at,
      outcome, reason, version, selected, accepted, rejected_json, late, surplus, dropped, uplink_bytes, downlink_bytes, evaluation_json from rounds`;
    expect(() => inFile(path, second)).toThrow('UNIQUE');
  });
});

describe('a database that cannot be trusted', () => {
  it('is not opened when it is no database', async () => {
    writeFileSync(path, 'not a database '.repeat(1000));
    await expect(openSqlite(path)).rejects.toThrow(CorruptDatabaseError);
    await expect(openSqlite(folder)).rejects.toThrow(StorageIoError);
  });

  it('is not opened when pages are damaged', async () => {
    const storage = await openSqlite(path);
    const fence = await createdTask(storage);
    await reportingRound(storage, fence, 1, 500);
    await storage.close();
    const bytes = readFileSync(path);
    bytes.fill(0x5a, bytes.length - 40_000);
    writeFileSync(path, bytes);
    await expect(openSqlite(path)).rejects.toThrow(CorruptDatabaseError);
  });

  it('is not opened when a newer Fedtab wrote it', async () => {
    await (await openSqlite(path)).close();
    inFile(path, `insert into kysely_migration (name, timestamp) values ('9999-future', '2030-01-01T00:00:00.000Z')`);
    await expect(openSqlite(path)).rejects.toThrow(/version of Fedtab.*9999-future/);
  });

  it.each([
    ['tasks', 'spec_json', '{"id":"digits"}', (storage: Storage) => storage.tasks.get(DIGITS)],
    ['tasks', 'spec_json', '{', (storage: Storage) => storage.tasks.list()],
    ['checkpoints', 'metrics_json', '{"accuracy":7,"loss":0}', (storage: Storage) => storage.checkpoints.list(DIGITS)],
    ['rounds', 'rejected_json', '{"boredom":1}', (storage: Storage) => storage.rounds.list(DIGITS, 1)],
    ['receipts', 'metrics_json', '[]', (storage: Storage) => storage.rounds.receiptsOf(DIGITS, 1)],
  ])('does not give out %s.%s that is not as it was written', async (table, column, json, read) => {
    const storage = await openSqlite(path);
    await committedRound(storage, await createdTask(storage), 1, 1);
    await storage.close();
    inFile(path, `update ${table} set ${column} = ?`, json);
    const again = await openSqlite(path);
    await expect(read(again)).rejects.toThrow(CorruptDatabaseError);
    await again.close();
  });
});
