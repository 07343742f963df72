import { expect, test } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { decideUpgrade } from './door.ts';
import { ManualClock } from './fakes/clock.ts';
import { ScriptedCoordinator } from './fakes/scripted-coordinator.ts';
import { AddressLimits } from './rate-limit.ts';

test('threat C10: a crowd that joins one task, from however many addresses, leaves the others their turn', () => {
  const clock = new ManualClock();
  const tasks = new ScriptedCoordinator({ id: 'crowded' as TaskId }, { id: 'quiet' as TaskId });
  const rules = {
    ...{ tasks, publicUrl: null, isDraining: false },
    addresses: new AddressLimits(clock, { sockets: 10, joinsPerSecond: 10 }),
    crowds: new AddressLimits(clock, { sockets: Number.POSITIVE_INFINITY, joinsPerSecond: 3 }),
  };
  const join = (task: string, address: string) =>
    decideUpgrade({ url: `/socket.io/?task=${task}`, headers: {} }, address, rules);

  expect(['a', 'b', 'c'].map((address) => join('crowded', address).ok)).toEqual([true, true, true]);
  expect(join('crowded', 'd')).toMatchObject({ ok: false, reason: 'rate', retryAfterMs: 334 });
  expect(join('quiet', 'e')).toEqual({ ok: true });
  expect(join('no-such-task', 'f')).toEqual({ ok: true });
  clock.advance(334);
  expect(join('crowded', 'd')).toEqual({ ok: true });
});
