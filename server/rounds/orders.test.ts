import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LIMITS } from '../../shared/limits.ts';
import { client, type House, openHouse, Rig, TASK } from './fixtures/rig.ts';

let house: House;
let rig: Rig;

beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());
beforeEach(async () => {
  house = await house.fresh();
  rig = new Rig(house);
  await rig.coordinator.start();
  await rig.coordinator.create(TASK);
});
afterEach(() => rig.coordinator.drain());

const [A, B, C] = [client(1), client(2), client(3)] as const;
const ok = { ok: true };
const { id } = TASK;

async function assigned(rounds = 1): Promise<void> {
  await rig.coordinator.startRounds(id, rounds);
  for (const clientId of [A, B, C]) rig.join(clientId);
  await rig.downlink.untilTrue(
    () => rig.status().round?.phase === 'reporting' && rig.downlink.all('assign').length > 0,
  );
}
async function commit(delta: readonly number[]): Promise<void> {
  const ended = rig.downlink.all('round').length;
  const assignments = rig.downlink.all('assign').length;
  await rig.coordinator.startRounds(id, 1);
  for (const clientId of [A, B, C]) rig.join(clientId);
  await rig.downlink.until('assign', assignments + 3);
  for (const clientId of [A, B, C]) await rig.report(clientId, delta);
  await rig.downlink.until('round', ended + 1);
}
const row = () => house.storage.tasks.get(id);

describe('pause, resume, stop', () => {
  test('T4 pause lets the round end; resume starts the next', async () => {
    await assigned(2);
    expect(await rig.coordinator.pause(id)).toEqual(ok);
    expect(await row()).toMatchObject({ state: 'paused', roundsLeft: 2 });
    for (const clientId of [A, B, C]) await rig.report(clientId, [1, 0, 0]);
    await rig.downlink.until('round', 1);
    expect(rig.status()).toMatchObject({ state: 'paused', roundsLeft: 1, version: 1, round: null });
    expect(await rig.coordinator.resumeRounds(id)).toEqual(ok);
    await rig.downlink.untilTrue(() => rig.status().round?.number === 2);
  });

  test('T5 R17 stop abandons the round before it answers', async () => {
    await assigned(5);
    await rig.report(A, [1, 0, 0]);
    expect(await rig.coordinator.stop(id)).toEqual(ok);
    expect(rig.downlink.all('round')[0]?.end).toMatchObject({ outcome: 'abandoned', reason: 'stopped' });
    expect(await row()).toMatchObject({ state: 'idle', roundsLeft: 0, abandonedInARow: 0 });
    expect(await rig.rounds()).toMatchObject([{ selected: 3, accepted: 1, dropped: 2, reason: 'stopped' }]);
    expect(rig.eventsOf('task-state').map(({ state }) => state)).toEqual(['running', 'stopping', 'idle']);
    expect(await rig.report(B, [1, 0, 0])).toMatchObject({ ok: false, reason: 'not-assigned' });
  });

  test('T9 what is impossible is a conflict', async () => {
    for (const order of ['pause', 'resumeRounds', 'stop'] as const)
      expect(await rig.coordinator[order](id)).toMatchObject({ ok: false, status: 409, code: 'state' });
  });

  test('T3 more rounds while one runs', async () => {
    await assigned(2);
    await rig.coordinator.startRounds(id, 3);
    expect(await row()).toMatchObject({ roundsLeft: 5 });
    expect(rig.eventsOf('round-started')).toHaveLength(1);
  });

  test('T7 five rounds to which nobody came pause the task, with the reason', async () => {
    await rig.coordinator.startRounds(id, 1);
    for (let number = 1; number <= LIMITS.abandonedInARowCount; number++) {
      await rig.downlink.untilTrue(() => rig.status().round?.number === number);
      rig.clock.advance(TASK.rounds.selectionDeadlineMs);
      await rig.downlink.until('round', number);
      rig.clock.advance(LIMITS.abandonedBackoffMaximumMs);
    }
    expect(rig.status()).toMatchObject({ state: 'paused', pausedReason: 'too-few', roundsLeft: 1, round: null });
    expect(rig.eventsOf('task-state').at(-1)).toMatchObject({ state: 'paused', reason: 'too-few' });
  });
});

describe('rolling back', () => {
  test('threat C2: T8 a new version with the weights, the score and the hash of an older one; training goes on from it', async () => {
    await commit([1, 0, 0]);
    await commit([0, 1, 0]);
    await rig.scored(2);
    expect(await rig.coordinator.rollback(id, 1)).toEqual(ok);
    const versions = await house.storage.checkpoints.list(id);
    expect(versions).toMatchObject([{ version: 0 }, { version: 1 }, { version: 2 }, { version: 3, copyOf: 1 }]);
    expect(versions[3]?.sha256).toBe(versions[1]?.sha256);
    expect(versions[3]?.metrics).toEqual(versions[1]?.metrics);
    expect(rig.status()).toMatchObject({ version: 3, sha256: versions[1]?.sha256, metrics: { accuracy: 0.5 } });
    await commit([0, 0, 1]);
    expect(await rig.params(4)).toEqual([1, 0, 1]);
  });

  test('T8 not while a round runs, nor to a version that is not there', async () => {
    await assigned();
    expect(await rig.coordinator.rollback(id, 0)).toMatchObject({ status: 409, code: 'state' });
    await rig.coordinator.stop(id);
    expect(await rig.coordinator.rollback(id, 7)).toMatchObject({ status: 404, code: 'unknown-version' });
    await house.storage.checkpoints.release(id, [0]);
    expect(await rig.coordinator.rollback(id, 0)).toMatchObject({ status: 409, code: 'released' });
  });
});

describe('closing a task', () => {
  test('threat A1: an archived task takes neither clients nor orders, and keeps its versions', async () => {
    rig.join(A);
    expect(await rig.coordinator.archive(id)).toEqual(ok);
    expect(rig.downlink.all('expel')).toMatchObject([{ refusal: { reason: 'unknown-task' } }]);
    expect(await rig.join(B)).toMatchObject({ reason: 'unknown-task' });
    expect(await rig.coordinator.startRounds(id, 1)).toMatchObject({ status: 409, code: 'archived' });
    expect(rig.coordinator.task(id)?.archivedAt).not.toBeNull();
    expect(await rig.params(0)).toEqual([0, 0, 0]);
    const next = new Rig(house);
    await next.coordinator.start();
    expect(next.coordinator.tasks()).toHaveLength(1);
    expect(await next.join(A)).toMatchObject({ reason: 'unknown-task' });
    await next.coordinator.drain();
  });

  test('a running task cannot be archived', async () => {
    await assigned();
    expect(await rig.coordinator.archive(id)).toMatchObject({ status: 409, code: 'state' });
  });

  test('a task is removed from under its round, and its name is free', async () => {
    await assigned();
    await rig.report(A, [1, 0, 0]);
    const { token } = rig.assignment(B);
    expect(await rig.coordinator.remove(id)).toEqual(ok);
    expect(rig.coordinator.task(id)).toBeUndefined();
    expect(rig.downlink.all('expel')).toHaveLength(1);
    expect(await rig.coordinator.admit(id, B, token)).toMatchObject({ reason: 'unknown-task' });
    expect(await row()).toBeNull();
    rig.clock.advance(TASK.rounds.reportingDeadlineMs);
    expect(rig.downlink.all('round')).toEqual([]);
    expect(await rig.coordinator.create(TASK)).toEqual(ok);
    await commit([1, 1, 1]);
    expect(await rig.params(1)).toEqual([1, 1, 1]);
  });
});

describe('scores', () => {
  test('a score that fails is tried once more, then given up, and the next version is scored', async () => {
    let calls = 0;
    rig.score = async () => {
      calls += 1;
      // Twice before version 1 is published, and twice after.
      if (calls <= 4) throw new Error('thread died');
      return { accuracy: 0.75, loss: 0.5 };
    };
    await rig.scored(0); // from before
    await commit([1, 0, 0]);
    await rig.downlink.untilTrue(() => rig.logged.some(({ level }) => level === 'error'));
    await commit([1, 0, 0]);
    expect(await rig.scored(2)).toEqual({ accuracy: 0.75, loss: 0.5 });
    expect(await house.storage.checkpoints.list(id)).toMatchObject([{}, { metrics: null }, { metrics: { loss: 0.5 } }]);
    expect(rig.status().metrics).toEqual({ accuracy: 0.75, loss: 0.5 });
  });

  test('a task without held-out data has none, and rounds go on', async () => {
    await rig.scored(0);
    rig.score = async () => null;
    await commit([1, 0, 0]);
    await commit([1, 0, 0]);
    expect(rig.status()).toMatchObject({ version: 2, metrics: null });
  });
});
