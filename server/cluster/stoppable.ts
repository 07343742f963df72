import type { Clock } from '../../shared/clock.ts';
import type { TaskStore } from '../storage/port.ts';
import type { Holder } from './contract.ts';
import { expiringLeases } from './expiring.ts';

/** A process of the tests whose timers can be held back. */
export function stoppableHolder(
  tasks: TaskStore,
  holder: string,
  leaseMs: number,
  clock: Clock,
): Holder & { readonly close: () => void } {
  let late: (() => void)[] | null = null;
  const after: Clock['after'] = (delayMs, callback) =>
    clock.after(delayMs, () => (late === null ? callback() : late.push(callback)));
  const leases = expiringLeases({ tasks, holder, clock: { elapsed: () => clock.elapsed(), after }, leaseMs });
  return {
    leases,
    close: leases.close,
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
