import type { Clock } from '../../shared/clock.ts';
import type { TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { FencingToken, TaskStore } from '../storage/port.ts';
import type { Lease, Leases } from './lease.ts';

export interface ExpiringLeasesOptions {
  readonly tasks: Pick<TaskStore, 'lease' | 'renew' | 'endLease'>;
  /** A name that no other process has, nor this one after a restart. */
  readonly holder: string;
  readonly clock: Pick<Clock, 'elapsed' | 'after'>;
  readonly leaseMs?: number;
}

interface Held {
  readonly task: TaskId;
  readonly token: FencingToken;
  /** When it was asked for, by the clock of this process, the last time that it was had. */
  renewedAtMs: number;
  readonly lose: () => void;
}

/** Words in the time of a lease: one that is lost or late does not end it. */
const WORDS = 3;

/**
 * Leases of several processes on one database: each is renewed while its process lives and runs out when it does not, by
 * the database's clock. A process that was silent too long is told that it lost its leases, by its own clock or by the next
 * word; until it hears that, the token keeps it from writing.
 */
export function expiringLeases(options: ExpiringLeasesOptions): Leases & { readonly close: () => void } {
  const { tasks, holder, clock, leaseMs = LIMITS.leaseMs } = options;
  const held = new Map<TaskId, Held>();
  const everyMs = Math.ceil(leaseMs / WORDS);
  let isRenewing = false;
  let cancel = (): void => {};

  const lose = (lease: Held): void => {
    if (held.get(lease.task) === lease) held.delete(lease.task);
    lease.lose();
  };
  const renew = async (): Promise<void> => {
    const asked = [...held.values()];
    if (asked.length === 0) return;
    const askedAtMs = clock.elapsed();
    const renewed = new Set(await tasks.renew(asked, leaseMs));
    for (const lease of asked) {
      if (renewed.has(lease.token)) lease.renewedAtMs = askedAtMs;
      else lose(lease);
    }
  };
  const tick = (): void => {
    cancel = clock.after(everyMs, tick);
    for (const lease of held.values()) if (clock.elapsed() - lease.renewedAtMs > leaseMs) lose(lease);
    if (isRenewing) return;
    isRenewing = true;
    renew()
      // What was not renewed runs out.
      .catch(() => {})
      .finally(() => {
        isRenewing = false;
      });
  };
  cancel = clock.after(everyMs, tick);

  const pause = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        stop();
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const stop = clock.after(Math.ceil(everyMs / 2), end);
      signal?.addEventListener('abort', end);
    });

  const attempt = async (task: TaskId): Promise<Lease | null> => {
    const askedAtMs = clock.elapsed();
    const token = await tasks.lease(task, holder, leaseMs);
    return token === null ? null : take(task, token, askedAtMs);
  };

  return {
    attempt,
    async acquire(task, signal): Promise<Lease> {
      for (;;) {
        signal?.throwIfAborted();
        const lease = await attempt(task);
        if (lease !== null) return lease;
        await pause(signal);
      }
    },
    close: () => cancel(),
  };

  function take(task: TaskId, token: FencingToken, renewedAtMs: number): Lease {
    const lost = new AbortController();
    const lease: Held = { task, token, renewedAtMs, lose: () => lost.abort() };
    const before = held.get(task);
    // Answers may overtake each other: the last token is the one that writes.
    if (before !== undefined && before.token > token) lease.lose();
    else {
      before?.lose();
      held.set(task, lease);
    }
    return {
      ...{ task, token, lost: lost.signal },
      async release() {
        if (held.get(task) === lease) held.delete(task);
        await tasks.endLease(task, token);
      },
    };
  }
}
