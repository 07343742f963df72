import { expect, it, vi } from 'vitest';
import { DataFolderInUseError } from '../errors.ts';
import { sharedCluster } from './fixtures/cluster.ts';
import { holdDatabase } from './hold.ts';

const newUrl = async (): Promise<string> => (await sharedCluster()).createDatabase();

it('a database has one holder, until it lets go', async () => {
  const url = await newUrl();
  const release = await holdDatabase(url);
  await expect(holdDatabase(url, 200)).rejects.toThrow(DataFolderInUseError);
  const waiting = holdDatabase(url);
  await release();
  await (await waiting)();
});

it('a database has many holders who share it, or one who does not', async () => {
  const url = await newUrl();
  const shared = await Promise.all([holdDatabase(url, 200, true), holdDatabase(url, 200, true)]);
  await expect(holdDatabase(url, 200)).rejects.toThrow(DataFolderInUseError);
  for (const release of shared) await release();
  const release = await holdDatabase(url);
  await expect(holdDatabase(url, 200, true)).rejects.toThrow('start it with FEDTAB_REDIS_URL');
  await release();
});

it('another database has another', async () => {
  const releases = await Promise.all([holdDatabase(await newUrl()), holdDatabase(await newUrl())]);
  for (const release of releases) await release();
});

it('whoever is cut off takes it again', async () => {
  const url = await newUrl();
  const cluster = await sharedCluster();
  const holders = "from pg_stat_activity where application_name = 'fedtab hold' and datname = current_database()";
  const release = await holdDatabase(url);
  const [first] = await cluster.query(url, `select pid, pg_terminate_backend(pid) ${holders}`);
  await vi.waitFor(async () => {
    const [held] = await cluster.query(
      url,
      `select pid ${holders} and exists (select from pg_locks where locktype = 'advisory' and pg_locks.pid = pg_stat_activity.pid)`,
    );
    expect(held?.['pid'] ?? first?.['pid']).not.toBe(first?.['pid']);
  }, 10_000);
  await expect(holdDatabase(url, 200)).rejects.toThrow(DataFolderInUseError);
  await release();
  await (await holdDatabase(url))();
});
