import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { checkpoint, DIGITS, spec, T0 } from '../storage/contract-rows.ts';
import { StorageIoError } from '../storage/errors.ts';
import { memoryStorage } from '../storage/memory/memory.ts';
import type { TaskStore } from '../storage/port.ts';
import { leaseContract, takeoverContract } from './contract.ts';
import { stoppableHolder } from './stoppable.ts';

const LEASE_MS = 600;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function holderOf(tasks: TaskStore, name: string, leaseMs = LEASE_MS) {
  const holder = stoppableHolder(tasks, name, leaseMs, systemClock);
  closing.push(holder.close);
  return holder;
}

describe('expiring leases of one process', () =>
  leaseContract(async () => {
    const storage = memoryStorage();
    return { leases: holderOf(storage.tasks, 'a').leases, storage };
  }));

describe('expiring leases in memory', () =>
  takeoverContract(async () => {
    const storage = memoryStorage();
    return { storage, holders: [holderOf(storage.tasks, 'a'), holderOf(storage.tasks, 'b')] };
  }));

it('leases whose database is silent are lost when their time is over', async () => {
  const { tasks } = memoryStorage();
  await tasks.create(spec(), checkpoint(0), T0);
  let tries = 0;
  const silent = {
    ...tasks,
    renew: () => (++tries === 1 ? Promise.reject(new StorageIoError('away')) : new Promise<never>(() => {})),
  };
  const lease = await holderOf(silent, 'a', 150).leases.acquire(DIGITS);
  await new Promise((resolve) => lease.lost.addEventListener('abort', resolve));
  expect(tries).toBe(2);
});
