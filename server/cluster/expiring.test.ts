import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { checkpoint, DIGITS, spec, T0 } from '../storage/contract-rows.ts';
import { StorageIoError } from '../storage/errors.ts';
import { memoryStorage } from '../storage/memory/memory.ts';
import type { Storage } from '../storage/port.ts';
import { sharedCluster } from '../storage/postgres/fixtures/cluster.ts';
import { openPostgres } from '../storage/postgres/open.ts';
import { type Holder, leaseContract, takeoverContract } from './contract.ts';
import { expiringLeases } from './expiring.ts';

const LEASE_MS = 600;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function holderOf(storage: Pick<Storage, 'tasks'>, holder: string, leaseMs = LEASE_MS): Holder {
  let late: (() => void)[] | null = null;
  const clock = {
    elapsed: systemClock.elapsed,
    after: (delayMs: number, callback: () => void) =>
      systemClock.after(delayMs, () => (late === null ? callback() : late.push(callback))),
  };
  const leases = expiringLeases({ tasks: storage.tasks, holder, clock, leaseMs });
  closing.push(leases.close);
  return {
    leases,
    stop() {
      late = [];
    },
    goOn() {
      const callbacks = late ?? [];
      late = null;
      for (const callback of callbacks) callback();
    },
  };
}

describe('expiring leases of one process', () =>
  leaseContract(async () => {
    const storage = memoryStorage();
    return { leases: holderOf(storage, 'a').leases, storage };
  }));

describe('expiring leases in memory', () =>
  takeoverContract(async () => {
    const storage = memoryStorage();
    return { storage, holders: [holderOf(storage, 'a'), holderOf(storage, 'b')] };
  }));

describe('expiring leases in postgres', () =>
  takeoverContract(async () => {
    const url = await (await sharedCluster()).createDatabase();
    const [storage, other] = [await openPostgres(url), await openPostgres(url)];
    closing.push(
      () => storage.close(),
      () => other.close(),
    );
    return { storage, holders: [holderOf(storage, 'a', 1_200), holderOf(other, 'b', 1_200)] };
  }));

it('leases whose database is silent are lost when their time is over', async () => {
  const { tasks } = memoryStorage();
  await tasks.create(spec(), checkpoint(0), T0);
  let tries = 0;
  const silent = {
    ...tasks,
    renew: () => (++tries === 1 ? Promise.reject(new StorageIoError('away')) : new Promise<never>(() => {})),
  };
  const lease = await holderOf({ tasks: silent }, 'a', 150).leases.acquire(DIGITS);
  await new Promise((resolve) => lease.lost.addEventListener('abort', resolve));
  expect(tries).toBe(2);
});
