import { describe, expect, it } from 'vitest';
import { checkpoint, DIGITS, opening, spec, T0 } from '../storage/contract-rows.ts';
import type { Storage } from '../storage/port.ts';
import type { Leases } from './lease.ts';

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
