import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { movingContract } from '../blobs/moving-contract.ts';
import type { MovingReports, Spool } from '../blobs/port.ts';
import { fileSpool } from '../blobs/spool.ts';
import { checkpoint, DIGITS, spec, T0, update } from '../contract-rows.ts';
import { sqlStorage } from '../sql/storage.ts';
import { sharedCluster } from './fixtures/cluster.ts';
import { postgresMovingReports } from './moving-reports.ts';
import { Postgres } from './postgres.ts';
import { postgresSpool } from './spool.ts';

let url: string;
let database: Postgres;
let moving: MovingReports;
let folder: string;
const sql = async (text: string) => (await sharedCluster()).query(url, text);

beforeAll(async () => {
  url = await (await sharedCluster()).createDatabase();
  database = new Postgres(url);
  await database.prepare();
  moving = postgresMovingReports(database);
  folder = mkdtempSync(join(tmpdir(), 'fedtab-pg-moving-'));
});
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true });
});

describe('in postgres', () => {
  movingContract(async () => {
    await sql('delete from reports');
    return moving;
  });

  const ends: [how: string, end: (spool: Spool) => Promise<void>][] = [
    ['their round', (spool) => spool.drop(DIGITS, 3)],
    ['their task', (spool) => spool.dropTask(DIGITS)],
    ['their report', (spool) => spool.remove(DIGITS, 3, update(3, 0))],
    ['a change of hands', (spool) => spool.sweep(DIGITS, { round: 3, reports: [update(3, 0)] })],
    ['a start without their task', (spool) => spool.keepOnly([])],
  ];
  it.each(ends)('I6 they go with %s, and are never taken for a finished report', async (_, end) => {
    const spool = postgresSpool(database, fileSpool(folder));
    const path = join(folder, 'partial');
    writeFileSync(path, 'abc');
    await moving.leave(DIGITS, 3, update(3, 0), path, [0]);
    expect(await spool.has(DIGITS, 3, update(3, 0))).toBe(false);
    await end(spool);
    expect(await sql('select * from reports')).toEqual([]);
    expect(await moving.chunk(update(3, 0), 0)).toBe(null);
  });

  it('and stay at a start with their task', async () => {
    await sqlStorage(database).tasks.create(spec(), checkpoint(0), T0);
    const path = join(folder, 'partial');
    writeFileSync(path, 'abc');
    await moving.leave(DIGITS, 3, update(3, 0), path, [0]);
    await postgresSpool(database, fileSpool(folder)).keepOnly([DIGITS]);
    expect(String(Buffer.from((await moving.chunk(update(3, 0), 0)) ?? []))).toBe('abc');
  });
});
