import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  checkpoint,
  client,
  createdTask,
  DIGITS,
  opening,
  receipt,
  reportingRound,
  roundEnd,
  T0,
} from '../contract-rows.ts';
import { StorageIoError, UnknownOutcomeError } from '../errors.ts';
import type { Storage } from '../port.ts';
import { Cluster, sharedCluster } from './fixtures/cluster.ts';
import { CuttingProxy } from './fixtures/cutting-proxy.ts';
import { openPostgres } from './open.ts';

let url: string;
const opened: Storage[] = [];
const storageOn = async (address: string): Promise<Storage> => {
  const storage = await openPostgres(address);
  opened.push(storage);
  return storage;
};
beforeEach(async () => {
  url = await (await sharedCluster()).createDatabase();
});
afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.close();
});
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('two processes on one database', () => {
  it('take the reports of one round into one dense order, each once', async () => {
    const [a, b] = [await storageOn(url), await storageOn(url)];
    await reportingRound(a, await createdTask(a), 1, 60);
    const outcomes = await Promise.all(
      range(60).flatMap((slot) => [a, b].map((storage) => storage.rounds.accept([receipt(1, slot)], T0))),
    );
    const kinds = outcomes.flat().map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'accepted')).toHaveLength(60);
    expect(kinds.filter((kind) => kind === 'duplicate')).toHaveLength(60);
    const rows = await b.rounds.receiptsOf(DIGITS, 1);
    expect(rows.map(({ order }) => order)).toEqual(range(60).map((index) => index + 1));
  });

  it('let of a holder and the one after it, only one write, whoever comes first', async () => {
    const [a, b] = [await storageOn(url), await storageOn(url)];
    const old = await createdTask(a);
    const [opened_, fresh] = await Promise.all([a.rounds.open(old, opening(1)), b.tasks.fence(DIGITS)]);
    expect(await a.rounds.abandon(old, roundEnd(1, []), 'stopped')).toBe('fenced');
    const found = await b.rounds.unfinished(DIGITS);
    expect(found !== null).toBe(opened_ === 'saved');
    if (found === null) await b.rounds.open(fresh, opening(1));
    expect(await b.rounds.abandon(fresh, roundEnd(1, []), 'stopped')).toBe('saved');
  });

  it('never count what is withdrawn while they commit', async () => {
    const [a, b] = [await storageOn(url), await storageOn(url)];
    const fence = await createdTask(a);
    for (const number of [1, 2, 3, 4, 5, 6]) {
      const version = (await a.tasks.get(DIGITS))?.version ?? 0;
      await reportingRound(a, fence, number, 2, version);
      await a.rounds.accept([receipt(number, 0), receipt(number, 1)], T0);
      const end = roundEnd(number, [0, 1]);
      const [committed, withdrawn] = await Promise.allSettled([
        a.rounds.commit(fence, end, checkpoint(version + 1, { round: number })),
        b.rounds.withdraw(DIGITS, client(1)),
      ]);
      expect(withdrawn.status).toBe('fulfilled');
      const statuses = (await b.rounds.receiptsOf(DIGITS, number)).map(({ status }) => status);
      if (committed.status === 'fulfilled') expect(statuses).toEqual(['counted', 'counted']);
      else {
        expect(statuses).toEqual(['accepted', 'withdrawn']);
        await a.rounds.abandon(fence, roundEnd(number, []), 'stopped');
      }
    }
  });

  it('may start on an empty database at the same time', async () => {
    const both = await Promise.all([storageOn(url), storageOn(url)]);
    expect(await Promise.all(both.map((storage) => storage.tasks.list()))).toEqual([[], []]);
  });
});

describe('a COMMIT whose answer is lost', () => {
  let proxy: CuttingProxy;
  let storage: Storage;
  beforeEach(async () => {
    proxy = await CuttingProxy.open(url);
    storage = await storageOn(proxy.url);
  });
  afterEach(() => proxy.close());

  it.each(['after', 'before'] as const)('counts a report once (cut %s PostgreSQL got it)', async (cut) => {
    await reportingRound(storage, await createdTask(storage), 1, 3);
    proxy.cuts.push(cut);
    // Done a second time, it would be called a duplicate.
    expect(await storage.rounds.accept([receipt(1, 0)], T0)).toMatchObject([{ kind: 'accepted' }]);
    expect(proxy.cuts).toEqual([]);
    expect(await storage.rounds.receiptsOf(DIGITS, 1)).toHaveLength(1);
  });

  it.each(['after', 'before'] as const)('makes one version (cut %s PostgreSQL got it)', async (cut) => {
    const fence = await createdTask(storage);
    await reportingRound(storage, fence, 1, 1);
    await storage.rounds.accept([receipt(1, 0)], T0);
    proxy.cuts.push(cut, cut, cut);
    expect(await storage.rounds.commit(fence, roundEnd(1, [0]), checkpoint(1))).toBe('saved');
    expect(await storage.checkpoints.list(DIGITS)).toHaveLength(2);
    expect(await storage.rounds.receiptsOf(DIGITS, 1)).toMatchObject([{ status: 'counted', version: 1 }]);
    expect(await storage.rounds.unfinished(DIGITS)).toBeNull();
  });

  it.each(['after', 'before'] as const)('appends one audit row (cut %s PostgreSQL got it)', async (cut) => {
    proxy.cuts.push(cut);
    await storage.admin.appendAudit({ at: T0, actor: 'token', action: 'x', task: null, details: {} });
    expect(await storage.admin.audit(9)).toHaveLength(1);
  });

  it('is asked for until PostgreSQL is there again', async () => {
    await createdTask(storage);
    proxy.cuts.push('after');
    proxy.refusals = 5;
    await storage.admin.setSetting('a', '1');
    expect(proxy.refusals).toBe(0);
    expect(await storage.admin.setting('a')).toBe('1');
  });
});

describe('a COMMIT whose answer never comes', () => {
  it('is in doubt once the storage is closed, and not before', async () => {
    const proxy = await CuttingProxy.open(url);
    const storage = await openPostgres(proxy.url);
    proxy.cuts.push('after');
    proxy.refusals = Number.POSITIVE_INFINITY;
    const setting = storage.admin.setSetting('a', '1');
    const settled = Promise.race([setting.catch((error: unknown) => error), proxy.refused(3).then(() => 'it waits')]);
    expect(await settled).toBe('it waits');
    await Promise.all([expect(setting).rejects.toThrow(UnknownOutcomeError), storage.close()]);
    await proxy.close();
    expect(await (await storageOn(url)).admin.setting('a')).toBe('1');
  });
});

describe('PostgreSQL that is stopped and started', () => {
  it('is waited for, and what it had acknowledged is there', async () => {
    const cluster = await Cluster.open();
    try {
      const storage = await openPostgres(await cluster.createDatabase());
      await reportingRound(storage, await createdTask(storage), 1, 40);
      const accepting = range(40).map((slot) => storage.rounds.accept([receipt(1, slot)], T0));
      await accepting[0];
      await cluster.stop('immediate');
      await cluster.start();
      const outcomes = (await Promise.all(accepting)).flat();
      expect(outcomes.map(({ kind }) => kind)).toEqual(range(40).map(() => 'accepted'));
      const rows = await storage.rounds.receiptsOf(DIGITS, 1);
      expect(rows.map(({ order }) => order)).toEqual(range(40).map((index) => index + 1));
      await storage.close();
      await expect(storage.tasks.list()).rejects.toThrow(StorageIoError);
    } finally {
      await cluster.dispose();
    }
  });
});

describe('PostgreSQL that cannot be used', () => {
  it('is said without the password', async () => {
    const nobody = url.replace(/user=\w+/, 'user=nobody&password=secret');
    const error = await openPostgres(nobody).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(StorageIoError);
    expect(String(error)).toContain('role "nobody" does not exist');
    expect(String(error)).not.toContain('secret');
  });

  it('is refused where it forgets what it has acknowledged', async () => {
    await (await sharedCluster()).query(url, 'alter role fedtab set synchronous_commit = off');
    await expect(openPostgres(url)).rejects.toThrow('synchronous_commit = off');
    await (await sharedCluster()).query(url, 'alter role fedtab reset synchronous_commit');
  });

  it('is not opened when a newer Fedtab wrote it', async () => {
    await (await openPostgres(url)).close();
    const future = "insert into kysely_migration (name, timestamp) values ('9999-future', '2030-01-01T00:00:00.000Z')";
    await (await sharedCluster()).query(url, future);
    await expect(openPostgres(url)).rejects.toThrow(/version of Fedtab.*9999-future/);
  });
});
