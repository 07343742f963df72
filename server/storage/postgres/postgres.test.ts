import { afterAll, beforeAll, describe } from 'vitest';
import { storageContract } from '../contract.ts';
import type { Storage } from '../port.ts';
import { sharedCluster } from './fixtures/cluster.ts';
import { openPostgres } from './open.ts';

describe('postgres storage, emptied before each test', () => {
  let url: string;
  let storage: Storage;
  beforeAll(async () => {
    url = await (await sharedCluster()).createDatabase();
    storage = await openPostgres(url);
  });
  afterAll(() => storage.close());

  storageContract(async () => {
    const tables = ['tasks', 'audit', 'settings', 'admin_sessions', 'admin_links'];
    await (await sharedCluster()).query(url, tables.map((table) => `delete from ${table}`).join(';'));
    return { ...storage, async close() {} };
  });
});
