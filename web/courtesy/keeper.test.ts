import { expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { COURTESY } from '../../shared/task/spec.ts';
import type { CourtesyChoices } from '../client/courtesy.ts';
import type { ClientView, ParticipationState } from '../client/view.ts';
import { watchDevice } from './device.ts';
import { courtesyKeeper } from './keeper.ts';

/** A device, a page and a client whose every change a test makes. */
function world(choices?: CourtesyChoices) {
  const said: string[] = [];
  const listeners = new Set<(view: ClientView) => void>();
  const time = { nowMs: new Date(2026, 10, 28, 12).getTime(), elapsedMs: 1_000 };
  const battery = Object.assign(new EventTarget(), { level: 0.9, charging: true });
  const connection = Object.assign(new EventTarget(), { saveData: false, type: 'wifi' });
  const sight = Object.assign(new EventTarget(), { visibilityState: 'visible' as DocumentVisibilityState });
  const life = new EventTarget();
  let view = { state: 'waiting', sentBytes: 0, receivedBytes: 0 } as ClientView;
  const keeper = courtesyKeeper({
    task: 'digits' as TaskId,
    policy: () => COURTESY,
    onShare: (share) => void said.push(`share ${share}`),
    choices,
    time: () => time,
    watch: (onChange) => watchDevice(onChange, { getBattery: async () => battery, connection }, sight),
    life,
  });
  const end = keeper.keep({
    view: () => view,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    pause: (cause) => void said.push(`pause ${cause}`),
    resume: (cause) => void said.push(`resume ${cause}`),
    sleep: () => void said.push('sleep'),
    wake: () => void said.push('wake'),
  });
  const change = <Target extends EventTarget>(target: Target, event: string, to: Partial<Target>): void => {
    Object.assign(target, to);
    target.dispatchEvent(new Event(event));
  };
  return {
    keeper,
    end,
    time,
    life,
    battery,
    heard: () => said.splice(0),
    setBattery: (level: number, isCharging: boolean) =>
      change(battery, 'levelchange', { level, charging: isCharging } as never),
    setConnection: (to: { saveData?: boolean; type?: string }) => change(connection, 'change', to as never),
    setSight: (visibilityState: DocumentVisibilityState) =>
      change(sight, 'visibilitychange', { visibilityState } as never),
    /** The client goes to that state after so long, having moved so many bytes. */
    go(state: ParticipationState, afterMs = 0, bytes = 0) {
      time.elapsedMs += afterMs;
      time.nowMs += afterMs;
      view = { ...view, state, sentBytes: view.sentBytes + bytes };
      for (const listener of listeners) listener(view);
    },
  };
}
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

it('rests on a low battery until it charges, and works half as much on any', async () => {
  const { heard, setBattery } = world();
  await settled();
  expect(heard()).toEqual(['share 0.5']);
  setBattery(0.5, false);
  expect(heard()).toEqual(['share 0.25']);
  setBattery(0.1, false);
  setBattery(0.09, false);
  expect(heard()).toEqual(['pause battery-low']);
  setBattery(0.1, true);
  expect(heard()).toEqual(['resume battery-low', 'share 0.5']);
});

it('rests while the browser saves data or is on a mobile network', async () => {
  const { heard, setConnection } = world();
  await settled();
  heard();
  setConnection({ saveData: true });
  setConnection({ type: 'cellular' });
  setConnection({ saveData: false });
  setConnection({ type: 'wifi' });
  expect(heard()).toEqual(['pause data-saver', 'pause metered', 'resume data-saver', 'resume metered']);
});

it('goes on in the background, unless told otherwise', async () => {
  const asUsual = world();
  asUsual.setSight('hidden');
  await settled();
  expect(asUsual.heard()).toEqual(['share 0.5']);
  const told = world({ hidden: 'pause' });
  told.setSight('hidden');
  told.setSight('visible');
  expect(told.heard()).toEqual(['share 0.5', 'pause hidden', 'resume hidden']);
});

it('lets a round that is under way come to its end before a cap counts, and goes on the next day', () => {
  const { heard, go, keeper, time } = world({ minutesADay: 1 });
  heard();
  go('training');
  go('training', 70_000);
  go('uploading', 5_000, 4_000);
  expect(keeper.used).toEqual({ trainingMs: 75_000, bytes: 4_000 });
  expect(heard()).toEqual([]);
  go('accepted', 1_000);
  expect(heard()).toEqual(['pause day-time']);
  time.nowMs += 12 * 3_600_000;
  go('paused', 0);
  expect(heard()).toEqual(['resume day-time']);
  expect(keeper.used).toEqual({ trainingMs: 0, bytes: 0 });
});

it('counts bytes in every state and time in training only', () => {
  const { go, keeper } = world();
  go('downloading', 9_000, 1_000_000);
  go('training', 500);
  go('training', 250);
  go('uploading', 250, 500_000);
  go('waiting', 60_000);
  expect(keeper.used).toEqual({ trainingMs: 500, bytes: 1_500_000 });
});

it('does as the person chooses while it runs: a cap that is reached, raised, and taken away', () => {
  const { heard, go, keeper } = world();
  keeper.choose({ megabytesADay: 1, share: 1 });
  go('waiting', 0, 1_000_000);
  keeper.choose({ megabytesADay: 2 });
  expect(heard()).toEqual(['share 0.5', 'share 1', 'pause day-data', 'resume day-data']);
  go('waiting', 0, 1_000_000);
  keeper.choose({ megabytesADay: undefined });
  expect(heard()).toEqual(['pause day-data', 'resume day-data']);
  expect(keeper.choices).toEqual({ share: 1 });
  keeper.forget();
  expect([keeper.choices, keeper.used]).toEqual([{}, { trainingMs: 0, bytes: 0 }]);
});

it('tells the client of a freeze and of its end, and a frozen page trains nothing', () => {
  const { heard, go, keeper, time, life } = world();
  heard();
  go('training');
  time.elapsedMs += 1_000;
  life.dispatchEvent(new Event('freeze'));
  time.elapsedMs += 600_000;
  life.dispatchEvent(new Event('resume'));
  go('training', 500);
  expect(heard()).toEqual(['sleep', 'wake']);
  expect(keeper.used.trainingMs).toBe(1_500);
});

it('does nothing after its end, nor where the browser tells nothing or refuses', async () => {
  const { heard, end, setConnection, life } = world();
  end();
  heard();
  setConnection({ saveData: true });
  life.dispatchEvent(new Event('freeze'));
  await settled();
  expect(heard()).toEqual([]);
  const silent = watchDevice(
    () => {},
    { getBattery: () => Promise.reject(new Error('not allowed')) },
    new EventTarget() as never,
  );
  await settled();
  expect(silent.now()).toEqual({ battery: null, savesData: false, isMetered: false, isHidden: false });
});
