import { describe, expect, it } from 'vitest';
import { checkpoint, DIGITS, opening, receipt, reportingRound, roundEnd, spec, T0 } from '../storage/contract-rows.ts';
import type { Storage } from '../storage/port.ts';
import type { Lease, Leases } from './lease.ts';

/** A process that may have leases, and whose time can be stopped. */
export interface Holder {
  readonly leases: Leases;
  /** As after SIGSTOP: nothing of it happens. */
  stop(): void;
  /** As after SIGCONT: what would have happened meanwhile happens late. */
  goOn(): void;
}

/** What leases of several processes must do besides. `open` gives two processes on an empty storage, with a short lease. */
export function takeoverContract(
  open: () => Promise<{ readonly holders: readonly [Holder, Holder]; readonly storage: Storage }>,
): void {
  const withTask = async () => {
    const { holders, storage } = await open();
    await storage.tasks.create(spec(), checkpoint(0), T0);
    return { first: holders[0], second: holders[1], storage };
  };
  const isLost = ({ lost }: Lease): Promise<unknown> =>
    lost.aborted ? Promise.resolve() : new Promise((resolve) => lost.addEventListener('abort', resolve));

  describe('leases of several processes', () => {
    it('stay with a process that lives, however long another waits', async () => {
      const { first, second, storage } = await withTask();
      const lease = await first.leases.acquire(DIGITS);
      const signal = AbortSignal.timeout(1_500);
      await expect(second.leases.acquire(DIGITS, signal)).rejects.toThrow();
      expect(lease.lost.aborted).toBe(false);
      expect(await storage.rounds.open(lease.token, opening(1))).toBe('saved');
    });

    it('pass at once when they are released', async () => {
      const { first, second, storage } = await withTask();
      const lease = await first.leases.acquire(DIGITS);
      const waiting = second.leases.acquire(DIGITS);
      await lease.release();
      expect(await storage.rounds.open((await waiting).token, opening(1))).toBe('saved');
    });

    it('pass when their process falls silent, and one that goes on later can neither write nor believe that it may', async () => {
      const { first, second, storage } = await withTask();
      const old = await first.leases.acquire(DIGITS);
      await reportingRound(storage, old.token, 1, 1);
      await storage.rounds.accept([receipt(1, 0)], T0);
      first.stop();
      const fresh = await second.leases.acquire(DIGITS);
      expect(fresh.token).toBeGreaterThan(old.token);
      expect(await storage.rounds.commit(old.token, roundEnd(1, [0]), checkpoint(1))).toBe('fenced');
      expect(await storage.rounds.commit(fresh.token, roundEnd(1, [0]), checkpoint(1))).toBe('saved');
      first.goOn();
      await isLost(old);
      await old.release();
      expect(fresh.lost.aborted).toBe(false);
      expect(await storage.rounds.open(fresh.token, opening(2))).toBe('saved');
    });

    it('have one holder, whoever waits when a process falls silent', async () => {
      const { first, second, storage } = await withTask();
      await first.leases.acquire(DIGITS);
      first.stop();
      const waiting = Array.from({ length: 4 }, () => second.leases.acquire(DIGITS));
      const got = await Promise.all(waiting);
      const holding = got.filter(({ lost }) => !lost.aborted);
      expect(holding).toHaveLength(1);
      expect(await storage.rounds.open(holding[0]?.token ?? 0, opening(1))).toBe('saved');
    });
  });
}

/** What every kind of leases must do. `open` gives leases over an empty storage. */
export function leaseContract(open: () => Promise<{ readonly leases: Leases; readonly storage: Storage }>): void {
  const withTask = async () => {
    const opened = await open();
    await opened.storage.tasks.create(spec(), checkpoint(0), T0);
    return opened;
  };

  describe('leases', () => {
    it('let their holder write', async () => {
      const { leases, storage } = await withTask();
      const lease = await leases.acquire(DIGITS);
      expect(lease.task).toBe(DIGITS);
      expect(lease.lost.aborted).toBe(false);
      expect(await storage.rounds.open(lease.token, opening(1))).toBe('saved');
    });

    it('pass to whoever asks last: the one before is told, and can no longer write', async () => {
      const { leases, storage } = await withTask();
      const first = await leases.acquire(DIGITS);
      const second = await leases.acquire(DIGITS);
      expect([first.lost.aborted, second.lost.aborted]).toEqual([true, false]);
      expect(second.token).toBeGreaterThan(first.token);
      expect(await storage.rounds.open(first.token, opening(1))).toBe('fenced');
      await first.release();
      expect(second.lost.aborted).toBe(false);
      expect(await storage.rounds.open(second.token, opening(1))).toBe('saved');
    });

    it('have one holder, whoever asks at the same time', async () => {
      const { leases, storage } = await withTask();
      const asked = await Promise.all(Array.from({ length: 8 }, () => leases.acquire(DIGITS)));
      const holders = asked.filter(({ lost }) => !lost.aborted);
      expect(holders).toHaveLength(1);
      expect(holders[0]?.token).toBe(Math.max(...asked.map(({ token }) => token)));
      expect(await storage.rounds.open(holders[0]?.token ?? 0, opening(1))).toBe('saved');
    });

    it('are not lost by being released, nor by those of other tasks', async () => {
      const { leases, storage } = await withTask();
      await storage.tasks.create(spec('other'), checkpoint(0), T0);
      const lease = await leases.acquire(DIGITS);
      await leases.acquire(spec('other').id);
      await lease.release();
      expect(lease.lost.aborted).toBe(false);
      expect((await leases.acquire(DIGITS)).token).toBeGreaterThan(lease.token);
      expect(lease.lost.aborted).toBe(false);
    });

    it('are not there for a task that is not', async () => {
      const { leases } = await open();
      await expect(leases.acquire(DIGITS)).rejects.toThrow('no such task');
    });
  });
}
