import { afterEach, describe } from 'vitest';
import { systemClock } from '../clock.ts';
import { sharedCluster } from '../storage/postgres/fixtures/cluster.ts';
import { openPostgres } from '../storage/postgres/open.ts';
import { takeoverContract } from './contract.ts';
import { stoppableHolder } from './stoppable.ts';

const LEASE_MS = 1_200;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe('expiring leases in postgres', () =>
  takeoverContract(async () => {
    const url = await (await sharedCluster()).createDatabase();
    const holderOf = async (name: string) => {
      const storage = await openPostgres(url);
      const holder = stoppableHolder(storage.tasks, name, LEASE_MS, systemClock);
      closing.push(() => storage.close(), holder.close);
      return { ...holder, storage };
    };
    const [first, second] = [await holderOf('a'), await holderOf('b')];
    return { storage: second.storage, holders: [first, second] };
  }));
