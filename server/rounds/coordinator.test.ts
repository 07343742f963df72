import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../shared/hash.ts';
import { LIMITS } from '../../shared/limits.ts';
import { updateIdOf } from '../../shared/protocol/index.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { toBytes } from '../../shared/weights/vector.ts';
import { client, type House, openHouse, Rig, TASK } from './fixtures/rig.ts';
import type { ContributorView } from './port.ts';

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
});
afterEach(() => rig.coordinator.drain());

const [A, B, C, D] = [client(1), client(2), client(3), client(4)] as const;
const rounds = (overrides: Partial<TaskSpec['rounds']>): TaskSpec => ({
  ...TASK,
  rounds: { ...TASK.rounds, ...overrides },
});
const ok = { ok: true };

async function begin(spec: TaskSpec = TASK, count = 1): Promise<void> {
  expect(await rig.coordinator.create(spec)).toEqual(ok);
  expect(await rig.coordinator.startRounds(TASK.id, count)).toEqual(ok);
}
/** The three of them join and are assigned. */
async function assigned(spec?: TaskSpec, count?: number): Promise<void> {
  await begin(spec, count);
  for (const clientId of [A, B, C]) expect(await rig.join(clientId)).toEqual(ok);
  await rig.downlink.until('assign', 3);
}

describe('a task', () => {
  test('is created with version 0, its weights and its score', async () => {
    expect(await rig.coordinator.create(TASK)).toEqual(ok);
    expect(await rig.scored(0)).toEqual({ accuracy: 0.5, loss: 1 });
    expect(rig.coordinator.task(TASK.id)).toMatchObject({ state: 'idle', version: 0, roundsLeft: 0, archivedAt: null });
    expect(await rig.params(0)).toEqual([0, 0, 0]);
    expect(rig.status()).toMatchObject({ state: 'idle', version: 0, metrics: { accuracy: 0.5 }, round: null });
    expect(await house.storage.checkpoints.list(TASK.id)).toMatchObject([{ version: 0, metrics: { accuracy: 0.5 } }]);
    expect(rig.coordinator.participation(TASK.id)).toMatchObject({ parameters: 3, goal: 3, minimum: 2, closed: false });
    expect(rig.coordinator.tasks().map(({ spec }) => spec.id)).toEqual([TASK.id]);
    expect(rig.events[0]).toEqual({ kind: 'task-created', task: TASK.id });
  });

  test('tells clients of sample data only where the server has them', async () => {
    expect(await rig.coordinator.create(TASK)).toEqual(ok);
    expect(rig.coordinator.participation(TASK.id)?.data).toEqual(TASK.data);
    const bare = new Rig(await house.fresh(), { hasSamples: () => false });
    await bare.coordinator.start();
    expect(await bare.coordinator.create(TASK)).toEqual(ok);
    const { sample, ...data } = TASK.data;
    expect(sample).toBe('mnist');
    expect(bare.coordinator.participation(TASK.id)?.data).toEqual(data);
    expect(bare.coordinator.task(TASK.id)?.spec).toEqual(TASK);
    await bare.coordinator.drain();
  });

  test('with an id that exists is refused, also when both come at once', async () => {
    const answers = await Promise.all([rig.coordinator.create(TASK), rig.coordinator.create(TASK)]);
    expect(answers).toMatchObject([ok, { ok: false, status: 409, code: 'taken' }]);
    expect(await rig.coordinator.create(TASK)).toMatchObject({ status: 409, code: 'taken' });
  });

  test('that does not exist is unknown to all', async () => {
    expect(await rig.join(A)).toMatchObject({ ok: false, reason: 'unknown-task' });
    expect(await rig.coordinator.startRounds(TASK.id, 1)).toMatchObject({ status: 404 });
    expect(await rig.coordinator.rollback(TASK.id, 0)).toMatchObject({ status: 404 });
    expect(await rig.coordinator.remove(TASK.id)).toMatchObject({ status: 404 });
    expect(rig.coordinator.status(TASK.id)).toBeUndefined();
  });
});

describe('a whole round', () => {
  test('D1 D2 D4 from check-in to the next version, each number by hand', async () => {
    await assigned();
    const [weights] = await rig.downlink.until('weights', 1);
    expect([...(weights?.clientIds ?? [])].sort()).toEqual([A, B, C]);
    expect([...(weights?.bytes ?? [])]).toEqual(Array(12).fill(0));
    const sent = rig.assignment(A);
    expect(sent).toMatchObject({
      ...{ round: 1, cohort: 3, delivery: 'broadcast', remainingMs: 120_000 },
      base: { version: 0, sha256: sha256Hex(weights!.bytes), bytes: 12 },
    });
    expect(sent.updateId).toBe(updateIdOf(sent.token));
    expect(rig.status().round).toMatchObject({
      ...{ number: 1, phase: 'reporting', selected: 3, accepted: 0, goal: 3, endsInMs: 120_000 },
      counts: { waiting: 3, done: 0 },
    });

    const first = await rig.report(B, [3, 0, 0], { examples: 1 });
    expect(first).toEqual({
      ok: true,
      receipt: { updateId: rig.assignment(B).updateId, round: 1, status: 'accepted', order: 1 },
    });
    expect(await house.storage.rounds.receiptsOf(TASK.id, 1)).toMatchObject([{ clientId: B, norm: 3, examples: 1 }]);
    expect(await rig.report(A, [0, 6, 0], { examples: 2 })).toMatchObject({ receipt: { order: 2 } });
    expect(await rig.report(C, [0, 0, -4], { examples: 3 })).toMatchObject({ receipt: { order: 3 } });

    const [round] = await rig.downlink.until('round', 1);
    // (1·[3,0,0] + 2·[0,6,0] + 3·[0,0,−4]) / 6
    expect(await rig.params(1)).toEqual([0.5, 2, -2]);
    expect(round?.end).toEqual({
      ...{ number: 1, outcome: 'committed', version: 1, accepted: 3 },
      sha256: sha256Hex(toBytes(Float32Array.of(0.5, 2, -2))),
    });
    expect([...(round?.yours.values() ?? [])]).toEqual(Array(3).fill({ yours: 'accepted' }));
    expect(await rig.rounds()).toMatchObject([
      {
        ...{ number: 1, baseVersion: 0, outcome: 'committed', version: 1, selected: 3, accepted: 3 },
        ...{ rejected: {}, late: 0, surplus: 0, dropped: 0, downlinkBytes: 36 },
      },
    ]);
    expect(await house.storage.rounds.receiptsOf(TASK.id, 1)).toMatchObject(
      Array(3).fill({ status: 'counted', version: 1 }),
    );
    expect(await house.storage.tasks.get(TASK.id)).toMatchObject({ state: 'idle', roundsLeft: 0, version: 1 });
    expect(await rig.scored(1)).toBeDefined();
    expect(rig.events.map(({ kind }) => kind).filter((kind) => kind !== 'scored')).toEqual([
      ...['task-created', 'task-state', 'round-started', 'report', 'report', 'report'],
      ...['round-ended', 'task-state'],
    ]);
    expect(rig.logged).toEqual([]);
  });

  test('D4 the next round begins with those who check in again', async () => {
    await assigned(TASK, 2);
    for (const clientId of [A, B, C]) await rig.report(clientId, [1, 1, 1]);
    await rig.downlink.until('round', 1);
    for (const clientId of [C, B, A]) rig.join(clientId);
    await rig.downlink.until('assign', 6);
    expect(rig.assignment(A)).toMatchObject({ round: 2, base: { version: 1 } });
    for (const clientId of [A, B, C]) await rig.report(clientId, [1, 2, 3]);
    await rig.downlink.until('round', 2);
    expect(await rig.params(2)).toEqual([2, 3, 4]);
    expect(rig.status()).toMatchObject({ state: 'idle', version: 2, roundsLeft: 0 });
  });

  test('a client that holds the weights takes none; one that comes back takes them by hash', async () => {
    await begin();
    const { sha256 } = rig.status();
    rig.join(A, { held: sha256 });
    rig.join(B);
    rig.join(C);
    await rig.downlink.until('weights', 1);
    expect(rig.assignment(A).delivery).toBe('held');
    expect(rig.downlink.all('weights')[0]?.clientIds).not.toContain(A);
    rig.leave(B);
    const { token } = rig.assignment(B);
    expect(await rig.coordinator.resume(TASK.id, B, token)).toMatchObject({
      ok: true,
      assignment: { token, delivery: 'http' },
      receipt: null,
    });
  });

  test('weights too large for a broadcast go by hash', async () => {
    const large = { ...TASK, model: { zoo: 'cnn', seed: 1 } } as const;
    await assigned(large);
    expect(rig.assignment(A)).toMatchObject({ delivery: 'http', base: { bytes: 1_663_370 * 4 } });
    expect(rig.downlink.all('weights')).toEqual([]);
  });

  test('R4 R5 of more than are needed some are chosen, the others come back later', async () => {
    await begin();
    for (const clientId of [A, B, C, D]) rig.downlink.connected.add(clientId);
    for (const clientId of [A, B, C, D]) rig.join(clientId);
    const [retry] = await rig.downlink.until('retry', 1);
    expect(retry?.window).toEqual({ round: 1, afterMs: 1_000, beforeMs: 5_000 });
    await rig.downlink.until('assign', 3);
    const chosen = rig.downlink.all('assign').map(({ clientId }) => clientId);
    expect([...chosen, retry?.clientId].sort()).toEqual([A, B, C, D]);
    // It waits for the next round, if it comes.
    expect(await rig.join(retry!.clientId)).toEqual(ok);
    const states = (await rig.coordinator.listContributors(TASK.id, 3)) as readonly ContributorView[];
    expect(states.map(({ state }) => state)).toEqual(['assigned', 'assigned', 'assigned']);
    expect(rig.coordinator.contributors(TASK.id).shown.find(({ state }) => state === 'available')).toMatchObject({
      client: retry!.clientId.slice(0, 8),
      backend: 'cpu',
    });
  });

  test.each([
    ['who waited before', true],
    ['who come while it selects', false],
  ])('threat C9: R25 of three from one network one is chosen while two others wait: %s', async (_, isBefore) => {
    const E = client(5);
    const all = [A, B, C, D, E];
    for (const clientId of all) rig.downlink.connected.add(clientId);
    const everybodyCheckIn = async (): Promise<void> => {
      const answers = all.map((clientId) => {
        const network = clientId === D || clientId === E ? clientId : 'one network';
        const message = { examples: 10, backend: 'cpu', held: null } as const;
        return rig.coordinator.checkIn(TASK.id, clientId, message, network);
      });
      expect(await Promise.all(answers)).toEqual(all.map(() => ok));
    };
    expect(await rig.coordinator.create(TASK)).toEqual(ok);
    if (isBefore) await everybodyCheckIn();
    expect(await rig.coordinator.startRounds(TASK.id, 1)).toEqual(ok);
    if (!isBefore) await everybodyCheckIn();
    await rig.downlink.until('assign', 3);
    const chosen = rig.downlink.all('assign').map(({ clientId }) => clientId);
    expect([chosen.includes(D), chosen.includes(E), chosen.length]).toEqual([true, true, 3]);
  });

  test('R6 nobody comes: abandoned(too-few), and again after a pause', async () => {
    await begin();
    await rig.downlink.untilTrue(() => rig.status().round !== null);
    rig.clock.advance(TASK.rounds.selectionDeadlineMs);
    const [round] = await rig.downlink.until('round', 1);
    expect(round?.end).toMatchObject({ outcome: 'abandoned', reason: 'too-few', accepted: 0 });
    await rig.downlink.untilTrue(() => rig.status().round === null);
    rig.clock.advance(LIMITS.abandonedBackoffMs - 1);
    expect(rig.status().round).toBeNull();
    rig.clock.advance(1);
    await rig.downlink.untilTrue(() => rig.status().round?.number === 2);
  });

  test('R6 R15 two of three are enough at both deadlines', async () => {
    await begin();
    rig.join(A);
    rig.join(B);
    await rig.downlink.untilTrue(() => rig.status().round?.phase === 'selecting');
    rig.clock.advance(TASK.rounds.selectionDeadlineMs);
    await rig.downlink.until('assign', 2);
    await rig.report(A, [1, 0, 0]);
    await rig.report(B, [0, 1, 0]);
    await rig.downlink.until('round', 1);
    expect(await rig.params(1)).toEqual([0.5, 0.5, 0]);
  });

  test('R15 who has not reported at the deadline is late', async () => {
    await assigned();
    await rig.report(A, [1, 0, 0]);
    await rig.report(B, [0, 1, 0]);
    const { token } = rig.assignment(C);
    rig.clock.advance(TASK.rounds.reportingDeadlineMs);
    const [round] = await rig.downlink.until('round', 1);
    expect(round?.yours.get(C)).toEqual({ yours: 'late' });
    expect(await rig.report(C, [9, 9, 9], { token })).toMatchObject({ ok: false, reason: 'late' });
    expect(await rig.coordinator.resume(TASK.id, C, token)).toMatchObject({ ok: false, reason: 'late' });
    expect(await rig.params(1)).toEqual([0.5, 0.5, 0]);
    expect(await rig.rounds()).toMatchObject([{ selected: 3, accepted: 2, late: 1 }]);
  });

  test('R1 a report that comes at the deadline is late although the timer has not fired', async () => {
    await assigned();
    const now = rig.clock.now();
    rig.clock.now = () => now + TASK.rounds.reportingDeadlineMs;
    expect(await rig.report(A, [1, 0, 0])).toMatchObject({ ok: false, reason: 'late' });
    expect((await rig.downlink.until('round', 1))[0]?.end).toMatchObject({ reason: 'too-few' });
  });

  test('R14 over-selection: one more than the goal is surplus', async () => {
    await begin(rounds({ goal: 2, overSelection: 1.5 }));
    for (const clientId of [A, B, C]) rig.join(clientId);
    await rig.downlink.until('assign', 3);
    await rig.report(A, [1, 0, 0]);
    await rig.report(B, [0, 1, 0]);
    const [round] = await rig.downlink.until('round', 1);
    expect(round?.yours.get(C)).toEqual({ yours: 'surplus' });
    expect(await rig.report(C, [1, 1, 1])).toMatchObject({ ok: false, reason: 'surplus' });
    expect(await rig.rounds()).toMatchObject([{ selected: 3, accepted: 2, surplus: 1 }]);
  });

  test('R16 the last straggler leaves, and the round ends at once', async () => {
    await assigned();
    await rig.report(A, [2, 0, 0]);
    await rig.report(B, [0, 2, 0]);
    rig.coordinator.checkOut(TASK.id, C);
    const [round] = await rig.downlink.until('round', 1);
    expect(round?.end).toMatchObject({ outcome: 'committed', accepted: 2 });
    expect(round?.yours.get(C)).toEqual({ yours: 'dropped' });
  });

  test('R11 R16 everybody disconnects: abandoned(everyone-left) when the grace is over', async () => {
    await assigned();
    for (const clientId of [A, B, C]) rig.leave(clientId);
    rig.clock.advance(LIMITS.reconnectGraceMs);
    const [round] = await rig.downlink.until('round', 1);
    expect(round?.end).toMatchObject({ outcome: 'abandoned', reason: 'everyone-left' });
    expect(await rig.rounds()).toMatchObject([{ selected: 3, dropped: 3, outcome: 'abandoned' }]);
    expect(rig.status()).toMatchObject({ state: 'running', version: 0 });
  });

  test('R11 a reload within the grace goes on with its assignment, also when it forgot the token', async () => {
    await assigned();
    const { token } = rig.assignment(A);
    rig.leave(A);
    rig.clock.advance(LIMITS.reconnectGraceMs - 1);
    expect(await rig.join(A, { held: rig.status().sha256 })).toEqual(ok);
    expect(rig.assignment(A)).toMatchObject({ token, delivery: 'held', round: 1 });
    rig.clock.advance(LIMITS.reconnectGraceMs);
    expect(await rig.report(A, [1, 0, 0])).toMatchObject(ok);
  });

  test('R7 who leaves before the selection has no part', async () => {
    await begin();
    rig.join(A);
    rig.join(B);
    rig.leave(A);
    rig.join(C);
    rig.join(D);
    await rig.downlink.until('assign', 3);
    expect(rig.downlink.all('assign').map(({ clientId }) => clientId)).not.toContain(A);
  });
});

describe('the picture', () => {
  test('shows the cohort at work', async () => {
    await assigned();
    const { token, slot } = rig.assignment(A);
    rig.coordinator.progress(TASK.id, A, { token, phase: 'training', share: 0.25 });
    rig.coordinator.progress(TASK.id, B, { token, phase: 'training', share: 1 }); // not its own
    await rig.report(C, [1, 0, 0]);
    expect(rig.status().round).toMatchObject({
      ...{ accepted: 1, selected: 3 },
      counts: { waiting: 1, training: 1, done: 1 },
    });
    expect(rig.status().round?.members?.[slot]).toEqual({ slot, state: 'training', share: 0.25 });
    expect(rig.coordinator.contributors(TASK.id).shown.find(({ slot: at }) => at === slot)).toEqual({
      ...{ client: A.slice(0, 8), state: 'assigned', slot, phase: 'training', backend: 'cpu', examples: 10 },
    });
  });

  test('bytes are counted by round, in both directions', async () => {
    await assigned();
    rig.coordinator.countBytes(TASK.id, 'up', 1_000);
    rig.coordinator.countBytes(TASK.id, 'down', 500);
    for (const clientId of [A, B, C]) await rig.report(clientId, [1, 1, 1]);
    await rig.downlink.until('round', 1);
    rig.coordinator.countBytes(TASK.id, 'up', 77); // between rounds: nobody's
    expect(await rig.rounds()).toMatchObject([{ uplinkBytes: 1_000, downlinkBytes: 536 }]);
  });

  test('a client without examples cannot check in', async () => {
    await begin();
    expect(await rig.join(A, { examples: 0 })).toMatchObject({ ok: false, reason: 'count' });
  });
});
