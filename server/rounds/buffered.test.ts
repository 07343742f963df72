import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { client, type House, openHouse, Rig, TASK } from './fixtures/rig.ts';

/** A buffered task through the coordinator: real arithmetic, spool and storage, clients by hand. */
let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());
beforeEach(async () => {
  house = await house.fresh();
});

const [A, B, C] = [client(1), client(2), client(3)] as const;

const spec = (changes: Partial<Extract<TaskSpec['strategy']['schedule'], { kind: 'buffered' }>> = {}): TaskSpec => {
  const schedule = { kind: 'buffered' as const, size: 2, maximumStaleness: 1, concurrency: 3, ...changes };
  return {
    ...TASK,
    strategy: { ...TASK.strategy, name: 'fedbuff', weighting: 'uniform', schedule },
    rounds: { ...TASK.rounds, goal: schedule.size, minimum: 1 },
  };
};

async function running(task = spec(), count = 5): Promise<Rig> {
  const rig = new Rig(house);
  await rig.coordinator.start();
  expect(await rig.coordinator.create(task)).toEqual({ ok: true });
  await rig.coordinator.startRounds(TASK.id, count);
  for (const clientId of [A, B, C]) rig.join(clientId);
  await rig.downlink.until('assign', 3);
  return rig;
}

const settledAt = async (rig: Rig, version: number): Promise<void> => {
  await rig.downlink.untilTrue(() => rig.status().version === version);
  await rig.coordinator.settled();
};
const again = async (rig: Rig, clientId: typeof A): Promise<void> => {
  const before = rig.downlink.all('assign').length;
  expect(await rig.join(clientId)).toEqual({ ok: true });
  await rig.downlink.until('assign', before + 1);
};
const spooled = (): string[] => {
  const folder = join(house.spoolFolder, TASK.id, '0');
  return existsSync(folder) ? readdirSync(folder) : [];
};

test('P49 P51 B2 B3 B4 B6 B7 versions go on without the slow one, whose report counts by its age', async () => {
  const rig = await running();
  expect(rig.assignment(C)).toMatchObject({ schedule: 'buffered', round: 1, cohort: 2, base: { version: 0 } });
  expect(await rig.report(A, [4, 0, 0])).toMatchObject({ ok: true, receipt: { round: 1, order: 1 } });
  await again(rig, A);
  expect(await rig.report(A, [0, 4, 0])).toMatchObject({ ok: true, receipt: { round: 1, order: 2 } });
  await settledAt(rig, 1);
  expect(await rig.params(1)).toEqual([2, 2, 0]);
  expect(rig.status()).toMatchObject({ roundsLeft: 4, round: { number: 2, accepted: 0, selected: 2, goal: 2 } });
  const [end] = await rig.downlink.until('round', 1);
  expect(end).toMatchObject({
    end: { number: 1, version: 1, accepted: 2 },
    yours: new Map([[A, { yours: 'accepted' }]]),
  });

  await again(rig, A);
  expect(rig.assignment(A)).toMatchObject({ round: 2, base: { version: 1 } });
  await rig.report(A, [2, 0, 0]);
  // Its frame names version 0, as it was told.
  expect(await rig.report(C, [0, 0, 2])).toMatchObject({ ok: true, receipt: { round: 2, order: 2 } });
  await settledAt(rig, 2);
  expect(await rig.params(2)).toEqual([3, 2, Math.fround(Math.SQRT1_2)]);
  expect(await rig.rounds()).toMatchObject([
    { number: 1, outcome: 'committed', version: 1, selected: 2, accepted: 2 },
    { number: 2, outcome: 'committed', version: 2, selected: 3, accepted: 2, rejected: { stale: 1 } },
    { number: 3, outcome: null, schedule: 'buffered', baseVersion: 2 },
  ]);
  expect(spooled()).toEqual([]);
  await rig.coordinator.drain();
});

test('P50 B5 a part that is left too far behind is told so, and its report is refused before a byte is taken', async () => {
  const rig = await running(spec({ size: 1 }));
  const slow = rig.assignment(C).token;
  for (const version of [1, 2]) {
    await rig.report(A, [1, 0, 0]);
    await settledAt(rig, version);
    await again(rig, A);
  }
  const ends = await rig.downlink.until('round', 2);
  expect(ends[0]?.yours.get(C)).toBeUndefined();
  expect(ends[1]?.yours.get(C)).toEqual({ yours: 'rejected', yoursReason: 'stale' });
  expect(await rig.coordinator.admit(TASK.id, C, slow)).toMatchObject({ ok: false, reason: 'stale' });
  await again(rig, C);
  expect(rig.assignment(C)).toMatchObject({ base: { version: 2 } });
  await rig.coordinator.drain();
});

test('B3 a report that finds the buffer full is of the next version', async () => {
  const rig = await running(spec({ size: 1, maximumStaleness: 5 }), 3);
  const answers = await Promise.all([rig.report(A, [1, 0, 0]), rig.report(B, [0, 1, 0]), rig.report(C, [0, 0, 1])]);
  expect(answers.map((answer) => answer.ok && answer.receipt.round).sort()).toEqual([1, 2, 3]);
  await settledAt(rig, 3);
  const sum = (await rig.params(3)).toSorted();
  for (const [at, value] of [1 / Math.sqrt(3), Math.SQRT1_2, 1].entries()) expect(sum[at]).toBeCloseTo(value, 6);
  expect(rig.status()).toMatchObject({ state: 'idle', roundsLeft: 0, round: null });
  await rig.coordinator.drain();
});

test('B11 D3 D5 a crash in mid-buffer: each accepted report counts once, and who goes on knows its token', async () => {
  const before = await running();
  await before.report(A, [4, 0, 0]);
  await again(before, A);
  await before.report(A, [0, 4, 0]);
  await settledAt(before, 1);
  await before.report(B, [0, 0, 8]);
  await before.coordinator.settled();
  expect(spooled()).toHaveLength(1);

  const rig = new Rig(house);
  await rig.coordinator.start();
  expect(rig.status()).toMatchObject({ version: 1, roundsLeft: 4, round: { number: 2, accepted: 1, selected: 2 } });
  const { token } = before.assignment(C);
  rig.downlink.connected.add(C);
  expect(await rig.coordinator.resume(TASK.id, C, token)).toMatchObject({
    assignment: { token, round: 2, schedule: 'buffered', base: { version: 0 } },
  });
  expect(await rig.report(C, [8, 0, 0], { token })).toMatchObject({ ok: true, receipt: { round: 2, order: 2 } });
  await settledAt(rig, 2);
  const half = Math.fround(4 * Math.SQRT1_2);
  expect(await rig.params(2)).toEqual([Math.fround(2 + 4 * Math.SQRT1_2), 2, half]);
  expect(spooled()).toEqual([]);
  await rig.coordinator.drain();
});

test('B10 T5 a stop abandons the buffer and ends every part; T4 a pause lets the fill end, and none follows', async () => {
  const rig = await running();
  await rig.report(A, [1, 0, 0]);
  await rig.coordinator.stop(TASK.id);
  expect(await rig.rounds()).toMatchObject([
    { number: 1, outcome: 'abandoned', reason: 'stopped', selected: 3, accepted: 1, dropped: 2 },
  ]);
  expect(rig.status()).toMatchObject({ state: 'idle', roundsLeft: 0, version: 0 });
  await rig.coordinator.startRounds(TASK.id, 5);
  const sent = rig.downlink.all('assign').length;
  for (const clientId of [A, B, C]) rig.join(clientId);
  await rig.downlink.until('assign', sent + 3);
  await rig.coordinator.pause(TASK.id);
  await rig.report(A, [1, 0, 0]);
  await rig.report(B, [1, 0, 0]);
  await settledAt(rig, 1);
  expect(rig.status()).toMatchObject({ state: 'paused', roundsLeft: 4, round: null });
  expect((await rig.rounds())[1]).toMatchObject({ selected: 3, accepted: 2, surplus: 1 });
  await rig.coordinator.drain();
});

test('D6 deleted data leave a buffer with every report of that client', async () => {
  const rig = await running(spec({ size: 3 }));
  await rig.report(A, [9, 0, 0]);
  await again(rig, A);
  await rig.report(A, [9, 0, 0]);
  await rig.coordinator.forget(TASK.id, A);
  await rig.report(B, [3, 0, 0]);
  await rig.report(C, [0, 3, 0]);
  await again(rig, B);
  await rig.report(B, [0, 0, 3]);
  await settledAt(rig, 1);
  expect(await rig.params(1)).toEqual([1, 1, 1]);
  expect((await rig.rounds())[0]).toMatchObject({ selected: 5, accepted: 3, dropped: 2 });
  await rig.coordinator.drain();
});

test.each([
  ['who waited before', true],
  ['who come to an open fill', false],
])('threat C9: B13 of six from one network one trains while another waits: %s', async (_, isBefore) => {
  const rig = new Rig(house);
  const all = [1, 2, 3, 4, 5, 6, 7].map(client);
  for (const clientId of all) rig.downlink.connected.add(clientId);
  const checkIn = async (clients: readonly (typeof A)[]): Promise<void> => {
    for (const clientId of clients) {
      const network = clientId === all[6] ? 'another' : 'one network';
      const message = { examples: 10, backend: 'cpu', held: null } as const;
      expect(await rig.coordinator.checkIn(TASK.id, clientId, message, network)).toEqual({ ok: true });
    }
  };
  await rig.coordinator.start();
  expect(await rig.coordinator.create(spec({ size: 2, concurrency: 2 }))).toEqual({ ok: true });
  if (isBefore) await checkIn(all);
  else await checkIn(all.slice(0, 1));
  await rig.coordinator.startRounds(TASK.id, 3);
  await rig.downlink.until('assign', isBefore ? 2 : 1);
  if (!isBefore) {
    // The last place is taken by who waits first; the next that comes free goes to the other network.
    await checkIn(all.slice(1));
    const [, second] = await rig.downlink.until('assign', 2);
    expect(await rig.report(second!.clientId, [1, 0, 0])).toMatchObject({ ok: true });
    await rig.downlink.until('assign', 3);
  }
  expect(rig.downlink.all('assign').map(({ clientId }) => clientId)).toContain(all[6]);
});
