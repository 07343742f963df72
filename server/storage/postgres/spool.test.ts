import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Sha256, TaskId } from '../../../shared/ids.ts';
import { bytesOf } from '../blobs/contract.ts';
import { CorruptBlobError, type Spool } from '../blobs/port.ts';
import { fileSpool } from '../blobs/spool.ts';
import { checkpoint, DIGITS, receipt, reportingRound, spec, T0, update } from '../contract-rows.ts';
import { StorageIoError } from '../errors.ts';
import { sqlStorage } from '../sql/storage.ts';
import { sharedCluster } from './fixtures/cluster.ts';
import { PIECE_BYTES } from './pieces.ts';
import { Postgres } from './postgres.ts';
import { postgresSpool } from './spool.ts';

let url: string;
let database: Postgres;
const folders: string[] = [];
const sql = async (text: string) => (await sharedCluster()).query(url, text);
const machine = (): Spool => {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-pg-spool-'));
  folders.push(folder);
  return postgresSpool(database, fileSpool(folder));
};
const large = new Uint8Array(PIECE_BYTES + 9).map((_, at) => at % 249);

async function finished(spool: Spool, round: number, slot: number, bytes: Uint8Array): Promise<void> {
  const writer = await spool.open(DIGITS, round, update(round, slot), bytes.length);
  await writer.write(0, bytes);
  await writer.finish();
}
const contentOf = (spool: Spool, round: number, slot: number): Buffer =>
  readFileSync(spool.path(DIGITS, round, update(round, slot)));
const kept = async (): Promise<unknown[]> =>
  (await sql('select update_id from reports order by update_id')).map((row) => row['update_id']);

beforeAll(async () => {
  url = await (await sharedCluster()).createDatabase();
  database = new Postgres(url);
  await database.prepare();
});
afterAll(() => database.close());
beforeEach(() => sql('delete from reports'));
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('reports in postgres', () => {
  it('are there on another machine once they are finished, and not before', async () => {
    const [here, there] = [machine(), machine()];
    await finished(here, 1, 0, large);
    const half = await here.open(DIGITS, 1, update(1, 1), 3);
    await half.write(0, bytesOf('abc'));
    await half.pause();
    expect(await there.has(DIGITS, 1, update(1, 0))).toBe(true);
    expect(Buffer.compare(contentOf(there, 1, 0), large)).toBe(0);
    expect(await there.has(DIGITS, 1, update(1, 1))).toBe(false);
  });

  it('are swept but for those of the open round, which are brought to another folder when they are asked for', async () => {
    await finished(machine(), 1, 0, large);
    await finished(machine(), 1, 1, bytesOf('of nobody'));
    await finished(machine(), 2, 0, bytesOf('of an old round'));
    const spool = machine();
    await spool.sweep(DIGITS, { round: 1, reports: [update(1, 0)] });
    expect(() => contentOf(spool, 1, 0)).toThrow('ENOENT');
    expect(await spool.has(DIGITS, 1, update(1, 0))).toBe(true);
    expect(Buffer.compare(contentOf(spool, 1, 0), large)).toBe(0);
    expect(await kept()).toEqual([update(1, 0)]);
  });

  it('take the place of a finished one of the same id', async () => {
    const spool = machine();
    await finished(spool, 1, 0, bytesOf('first'));
    await finished(spool, 1, 0, bytesOf('second'));
    const other = machine();
    expect(await other.has(DIGITS, 1, update(1, 0))).toBe(true);
    expect(String(contentOf(other, 1, 0))).toBe('second');
  });

  it('go with their round, their task, or alone', async () => {
    const spool = machine();
    await finished(spool, 1, 0, bytesOf('a'));
    await finished(spool, 1, 1, bytesOf('b'));
    await finished(spool, 2, 0, bytesOf('c'));
    await spool.remove(DIGITS, 1, update(1, 0));
    expect(await kept()).toEqual([update(1, 1), update(2, 0)]);
    await spool.drop(DIGITS, 1);
    expect(await kept()).toEqual([update(2, 0)]);
    await spool.dropTask(DIGITS);
    expect(await kept()).toEqual([]);
    expect(await sql('select * from report_pieces')).toEqual([]);
    expect(await spool.has(DIGITS, 2, update(2, 0))).toBe(false);
  });

  it('are given up by the machine that took them for another, and not by the database', async () => {
    const [taker, home] = [machine(), machine()];
    await finished(taker, 1, 0, large);
    await finished(taker, 1, 1, bytesOf('b'));
    await taker.release(DIGITS, 1, update(1, 0));
    expect(() => contentOf(taker, 1, 0)).toThrow('ENOENT');
    await taker.release(DIGITS, 1);
    expect(() => contentOf(taker, 1, 1)).toThrow('ENOENT');
    expect(await home.has(DIGITS, 1, update(1, 0))).toBe(true);
    expect(Buffer.compare(contentOf(home, 1, 0), large)).toBe(0);
    expect(await kept()).toEqual([update(1, 0), update(1, 1)]);
  });

  it('that are left over on a machine go at its start, but those of the open round, and none from the database', async () => {
    const spool = machine();
    await finished(spool, 1, 0, large);
    await finished(spool, 2, 0, bytesOf('a'));
    await finished(spool, 2, 1, bytesOf('b'));
    await spool.tidy(DIGITS, { round: 2, reports: [update(2, 1)] });
    expect(() => contentOf(spool, 1, 0)).toThrow('ENOENT');
    expect(() => contentOf(spool, 2, 0)).toThrow('ENOENT');
    expect(String(contentOf(spool, 2, 1))).toBe('b');
    expect(await kept()).toHaveLength(3);
    expect(await spool.has(DIGITS, 1, update(1, 0))).toBe(true);
  });

  it('I2 do not take the place of what a receipt names, however late they come', async () => {
    const storage = sqlStorage(database);
    await storage.tasks.create(spec(), checkpoint(0), T0);
    await reportingRound(storage, await storage.tasks.fence(DIGITS), 1, 1);
    const late = await machine().open(DIGITS, 1, update(1, 0), 5);
    await late.write(0, bytesOf('other'));
    await finished(machine(), 1, 0, bytesOf('these'));
    const sha256 = createHash('sha256').update('these').digest('hex') as Sha256;
    await storage.rounds.accept([{ ...receipt(1, 0), sha256 }], T0);
    await expect(late.finish()).rejects.toThrow(StorageIoError);
    const home = machine();
    expect(await home.has(DIGITS, 1, update(1, 0))).toBe(true);
    expect(String(contentOf(home, 1, 0))).toBe('these');
    await finished(machine(), 1, 0, bytesOf('these'));
    await storage.tasks.remove(DIGITS);
  });

  it('of tasks that are gone go at a start, and no others', async () => {
    await sqlStorage(database).tasks.create(spec(), checkpoint(0), T0);
    const spool = machine();
    await finished(spool, 1, 0, bytesOf('kept'));
    const stray = await spool.open('gone' as TaskId, 1, update(1, 5), 1);
    await stray.write(0, bytesOf('x'));
    await stray.finish();
    await machine().keepOnly([]);
    expect(await kept()).toEqual([update(1, 0)]);
    await sqlStorage(database).tasks.remove(DIGITS);
  });

  it('are not there, and not damaged, where another process removes them while they are brought', async () => {
    await finished(machine(), 1, 0, large);
    const folder = mkdtempSync(join(tmpdir(), 'fedtab-pg-spool-'));
    folders.push(folder);
    const local = fileSpool(folder);
    const slow: Spool = {
      ...local,
      async open(...report) {
        await sql('delete from reports');
        return local.open(...report);
      },
    };
    expect(await postgresSpool(database, slow).has(DIGITS, 1, update(1, 0))).toBe(false);
  });

  it('are never given out damaged', async () => {
    await finished(machine(), 1, 0, large);
    await sql('delete from report_pieces where piece = 1');
    const spool = machine();
    await expect(spool.has(DIGITS, 1, update(1, 0))).rejects.toThrow(CorruptBlobError);
    expect(() => contentOf(spool, 1, 0)).toThrow('ENOENT');
  });
});
