import { expect, it } from 'vitest';
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

it('another database has another', async () => {
  const releases = await Promise.all([holdDatabase(await newUrl()), holdDatabase(await newUrl())]);
  for (const release of releases) await release();
});

it('whoever is cut off holds it no longer', async () => {
  const url = await newUrl();
  await holdDatabase(url);
  await (await sharedCluster()).query(
    url,
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'fedtab hold' and datname = current_database()",
  );
  await (await holdDatabase(url))();
});
