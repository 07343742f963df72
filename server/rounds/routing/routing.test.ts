import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ManualClock } from '../../../shared/fixtures/manual-clock.ts';
import type { AssignmentToken, ClientId, TaskId } from '../../../shared/ids.ts';
import { LIMITS } from '../../../shared/limits.ts';
import { type SecureRng, secureRng, seededRng } from '../../../shared/rng.ts';
import { expiringLeases } from '../../cluster/expiring.ts';
import { MemoryWay } from '../../cluster/memory-bus.ts';
import { MemoryMovingReports } from '../../storage/memory/moving-reports.ts';
import { createCoordinator } from '../coordinator.ts';
import { frameOf } from '../fixtures/frames.ts';
import { RecordingDownlink } from '../fixtures/recording-downlink.ts';
import { client, type House, openHouse, TASK } from '../fixtures/rig.ts';
import type { Coordinator } from '../port.ts';
import { SILENT_MS } from './presence.ts';
import { createRoutedCoordinator } from './routed-coordinator.ts';

const [A, B, C] = [client(1), client(2), client(3)];
const METRICS = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 5 };
const CHECK_IN = { examples: 10, backend: 'cpu', held: null } as const;

let common: House;
let house: House;
let way: MemoryWay;
let clock: ManualClock;
let open: { readonly stop: () => Promise<void> }[];

beforeAll(async () => {
  common = await openHouse();
});
afterAll(() => common.close());
beforeEach(async () => {
  house = await common.fresh();
  clock = new ManualClock();
  way = new MemoryWay(() => clock.elapsed());
  open = [];
});
afterEach(async () => {
  for (const one of open) await one.stop();
});

let tokens = 0;
const countingRng: SecureRng = {
  ...secureRng,
  bytes: (length: number) =>
    new Uint8Array(length).fill(0).map((_, at) => (at < 4 ? (++tokens * 2654435761) >>> (8 * at) : at)),
};

/** One process on the common house. */
async function start(name: string) {
  const downlink = new RecordingDownlink();
  const recalled: TaskId[] = [];
  const overtaken: ClientId[] = [];
  const loggedOut: string[] = [];
  /** When it was looked whether logins are good. */
  const looks: number[] = [];
  const leases = expiringLeases({ tasks: house.storage.tasks, holder: name, clock });
  const bus = way.join(name);
  const ports = {
    ...{ storage: house.storage, blobs: house.blobs, spool: house.spool, arithmetic: house.arithmetic, clock },
    hasSamples: () => true,
    log: { info: () => {}, warn: () => {}, error: () => {} },
  };
  const routed = createRoutedCoordinator({
    ...{ ...ports, bus, leases, moving: new MemoryMovingReports() },
    makeInner: (to) =>
      createCoordinator({
        ...{ ...ports, leases, downlink: to, rng: seededRng(3), secureRng: countingRng },
        evaluator: { score: async () => null, close: async () => {} },
      }),
    sessions: {
      downlink,
      recall: (task) => void recalled.push(task),
      overtaken: (_, clientId) => overtaken.push(clientId) > 0,
      uploads: { has: () => false, give: async () => null, forget: async () => {} },
      counts: () => (downlink.connected.size > 0 ? [[TASK.id, downlink.connected.size]] : []),
      lookAtLogins: () => void looks.push(clock.elapsed()),
    },
    loggedOut: (actor) => void loggedOut.push(actor),
  });
  const { coordinator } = routed;
  await coordinator.start();
  const isMade = (one: unknown): boolean => one === made;
  const made = {
    ...{ name, routed, coordinator, downlink, recalled, overtaken, loggedOut, looks },
    has: (task: TaskId) => routed.inner.holds(task),
    join(clientId: ClientId) {
      downlink.connected.add(clientId);
      routed.joined(TASK.id, clientId, undefined);
      return coordinator.checkIn(TASK.id, clientId, CHECK_IN);
    },
    leave(clientId: ClientId) {
      downlink.connected.delete(clientId);
      coordinator.disconnected(TASK.id, clientId);
    },
    tokenOf(clientId: ClientId): AssignmentToken {
      const sent = downlink.all('assign').findLast((message) => message.clientId === clientId);
      if (sent === undefined) throw new Error(`${clientId} has no assignment at ${name}`);
      return sent.assignment.token;
    },
    async report(
      clientId: ClientId,
      delta: readonly number[],
      token: AssignmentToken = made.tokenOf(clientId),
    ): ReturnType<Coordinator['report']> {
      const admitted = await coordinator.admit(TASK.id, clientId, token);
      if ('ok' in admitted) return admitted;
      const { round, updateId, expected } = admitted;
      const { frame, sha256 } = frameOf({ delta, examples: 1, expected });
      const writer = await house.spool.open(TASK.id, round, updateId, frame.byteLength);
      await writer.write(0, frame);
      return coordinator.report(TASK.id, clientId, {
        token,
        sha256,
        bytes: frame.byteLength,
        metrics: METRICS,
        writer,
        admitted,
      });
    },
    /** As if it were killed. */
    async die(): Promise<void> {
      leases.close();
      await bus.close();
      open = open.filter((one) => !isMade(one));
    },
    async stop(): Promise<void> {
      await coordinator.drain();
      await coordinator.drain();
      leases.close();
      await bus.close();
    },
  };
  open.push(made);
  return made;
}

/** A task of process a with contributors A here and B and C at process b, all of them in one round. */
async function inOneRound() {
  const [a, b] = [await start('a'), await start('b')];
  expect(await a.coordinator.create({ ...TASK, rounds: { ...TASK.rounds, goal: 3, minimum: 3 } })).toEqual({
    ok: true,
  });
  expect([a.has(TASK.id), b.has(TASK.id)]).toEqual([true, false]);
  expect(await Promise.all([a.join(A), b.join(B), b.join(C)])).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
  expect(await b.coordinator.startRounds(TASK.id, 1)).toEqual({ ok: true });
  await a.downlink.until('assign', 1);
  await b.downlink.until('assign', 2);
  return { a, b };
}
const newest = async () => (await house.storage.tasks.get(TASK.id))?.version;

test('R1 D2 contributors of any process are in the round of the process that has the task', async () => {
  const { a, b } = await inOneRound();
  await b.downlink.until('weights', 1);
  for (const [process, clientId] of [
    [a, A],
    [b, B],
    [b, C],
  ] as const)
    expect(await process.report(clientId, [1, 2, 3])).toMatchObject({ ok: true, receipt: { status: 'accepted' } });
  const ended = [...(await a.downlink.until('round', 1)), ...(await b.downlink.until('round', 1))];
  for (const { end, yours } of ended) {
    expect(end).toMatchObject({ outcome: 'committed', version: 1 });
    expect(yours.get(B)).toMatchObject({ yours: 'accepted' });
  }
  clock.advance(100);
  await vi.waitFor(() => expect(b.coordinator.task(TASK.id)?.version).toBe(1));
  expect(await newest()).toBe(1);
  const [round] = await house.storage.rounds.list(TASK.id, 1);
  expect(round).toMatchObject({ selected: 3, accepted: 3, downlinkBytes: 3 * 12 });
});

test('D2 the same report by another process has the same receipt, and other bytes are a conflict', async () => {
  const { a, b } = await inOneRound();
  const token = b.tokenOf(B);
  const first = await b.report(B, [1, 2, 3]);
  expect(await a.report(B, [1, 2, 3], token)).toMatchObject({ ok: false });
  expect(await a.coordinator.receiptOf(TASK.id, B, token)).toMatchObject(first.ok ? { receipt: first.receipt } : {});
  expect(await b.coordinator.receiptOf(TASK.id, B, token)).toMatchObject(first.ok ? { receipt: first.receipt } : {});
  expect(await b.coordinator.receiptOf(TASK.id, C, token)).toBe(null);
});

test('what is no report is refused where it came, and its assignment is over where the task is', async () => {
  const { b } = await inOneRound();
  expect(await b.report(B, [1e9, 0, 0])).toMatchObject({ ok: false, reason: 'norm' });
  await vi.waitFor(() => {
    clock.advance(100);
    expect(b.coordinator.status(TASK.id)?.round?.counts.dropped).toBe(1);
  });
  expect(await b.report(C, [Number.NaN, 0, 0])).toMatchObject({ ok: false, reason: 'not-finite' });
});

test('orders and their effects are known at every process once they are answered', async () => {
  const [a, b, c] = [await start('a'), await start('b'), await start('c')];
  await b.coordinator.create(TASK);
  for (const process of [a, b, c]) expect(process.coordinator.task(TASK.id)).toMatchObject({ state: 'idle' });
  await c.coordinator.startRounds(TASK.id, 5);
  for (const process of [a, b, c])
    expect(process.coordinator.task(TASK.id)).toMatchObject({ state: 'running', roundsLeft: 5 });
  await a.coordinator.stop(TASK.id);
  for (const process of [a, b, c]) expect(process.coordinator.task(TASK.id)?.state).toBe('idle');
  expect(await c.coordinator.pause(TASK.id)).toMatchObject({ ok: false, status: 409 });
  expect(await c.coordinator.create(TASK)).toMatchObject({ ok: false, code: 'taken' });
  expect(await a.coordinator.pause('none' as TaskId)).toMatchObject({ ok: false, status: 404 });
  expect(await c.coordinator.remove(TASK.id)).toEqual({ ok: true });
  for (const process of [a, b, c]) expect(process.coordinator.task(TASK.id)).toBe(undefined);
});

test('a client that comes to another process is there, whatever the last one says later', async () => {
  const { a, b } = await inOneRound();
  await a.join(B);
  b.leave(B);
  expect(a.coordinator.status(TASK.id)?.round?.counts.dropped).toBe(0);
  const token = b.tokenOf(B);
  expect(await a.report(B, [1, 1, 1], token)).toMatchObject({ ok: true });
});

test('what an older session of a client asks late does not bring the client back to where it was', async () => {
  const { a, b } = await inOneRound();
  await a.join(B);
  const sent = (): number[] => [a, b].map(({ downlink }) => downlink.all('assign').length);
  expect(sent()).toEqual([2, 2]);
  expect(await b.coordinator.checkIn(TASK.id, B, CHECK_IN)).toEqual({ ok: true });
  expect(sent()).toEqual([3, 2]);
});

test('of a process that is silent the contributors are gone', async () => {
  const { a, b } = await inOneRound();
  await b.die();
  for (let second = 0; second <= SILENT_MS / 1_000 + 1; second++) clock.advance(1_000);
  await vi.waitFor(() => {
    clock.advance(1_000);
    expect(a.coordinator.status(TASK.id)?.round?.counts.dropped ?? 2).toBe(2);
  }, 10_000);
});

test('a process that was silent and is heard again has its contributors come back', async () => {
  const { a, b } = await inOneRound();
  way.losing = 1_000;
  for (let second = 0; second <= SILENT_MS / 1_000 + 1; second++) {
    clock.advance(1_000);
    await Promise.resolve();
  }
  await vi.waitFor(() => {
    clock.advance(1_000);
    expect(a.coordinator.status(TASK.id)?.round?.counts.dropped ?? 2).toBe(2);
  }, 10_000);
  way.losing = 0;
  await vi.waitFor(() => {
    clock.advance(1_000);
    expect(b.recalled).toContain(TASK.id);
  });
});

test('who may have missed a word is asked to come back', async () => {
  const { a, b } = await inOneRound();
  clock.advance(1_000); // everybody says which tasks it has
  await vi.waitFor(() => expect(b.coordinator.status(TASK.id)?.round?.selected).toBe(3));
  way.losing = 1;
  await a.coordinator.pause(TASK.id);
  clock.advance(1_000);
  await vi.waitFor(() => expect(b.recalled).toEqual([TASK.id]));
});

test('where no process has a task its clients are asked to try again, and orders say that nobody answered', async () => {
  const { a, b } = await inOneRound();
  await a.die();
  const asked = [b.coordinator.resume(TASK.id, B, b.tokenOf(B)), b.coordinator.admit(TASK.id, B, b.tokenOf(B))];
  const ordered = b.coordinator.pause(TASK.id);
  await Promise.resolve();
  clock.advance(40_000);
  for (const answer of await Promise.all(asked)) expect(answer).toMatchObject({ ok: false, reason: 'busy' });
  expect(await ordered).toMatchObject({ ok: false, status: 503 });
});

test('a process that ends does not wait for one that does not answer', async () => {
  const { a, b } = await inOneRound();
  await a.die();
  const ordered = b.coordinator.pause(TASK.id);
  const drained = b.coordinator.drain();
  await Promise.resolve();
  clock.advance(15_000);
  expect(await ordered).toMatchObject({ ok: false, status: 503 });
  await drained;
  expect(await b.coordinator.admit(TASK.id, B, b.tokenOf(B))).toMatchObject({ ok: false, reason: 'busy' });
});

test('D3 a task whose process ends in order goes on at another, with what was accepted', async () => {
  const { a, b } = await inOneRound();
  await b.report(B, [3, 3, 3]);
  await a.stop();
  open = open.filter((one) => one !== a);
  clock.advance(1_000);
  // It has the task before its round is loaded, and its clients are asked to come back after that.
  await vi.waitFor(() => expect([b.has(TASK.id), b.recalled]).toEqual([true, [TASK.id]]), 10_000);
  expect(await b.coordinator.resume(TASK.id, B, b.tokenOf(B))).toMatchObject({
    ok: true,
    receipt: { status: 'accepted' },
  });
  expect(await b.coordinator.resume(TASK.id, C, b.tokenOf(C))).toMatchObject({ ok: true, receipt: null });
  await b.join(A);
  await b.report(C, [3, 3, 3]);
  await b.report(A, [3, 3, 3]);
  await vi.waitFor(async () => expect(await newest()).toBe(1));
});

test('I7 what was asked of whoever has a task is answered by the one that asked, where it takes the task over', async () => {
  const { a, b } = await inOneRound();
  const token = b.tokenOf(B);
  const isAsked = { report: false, resume: false, checkIn: false };
  // Of these none gets to the process that has the task.
  way.passing = (message) => {
    const { kind, name = '' } = message as { readonly kind: string; readonly name?: string };
    if (kind !== 'call' || !Object.hasOwn(isAsked, name)) return;
    isAsked[name as keyof typeof isAsked] = true;
    way.losing = 1;
  };
  const asked = [
    b.report(B, [3, 3, 3]),
    b.coordinator.resume(TASK.id, C, b.tokenOf(C)),
    b.coordinator.checkIn(TASK.id, client(9), CHECK_IN),
  ] as const;
  await vi.waitFor(() => expect(Object.values(isAsked)).toEqual([true, true, true]));
  await a.stop();
  open = open.filter((one) => one !== a);
  clock.advance(1_000);
  const [reported, resumed, checkedIn] = await Promise.all(asked);
  expect(b.has(TASK.id)).toBe(true);
  expect(reported).toMatchObject({ ok: true, receipt: { status: 'accepted' } });
  expect(resumed).toMatchObject({ ok: true, receipt: null });
  expect(checkedIn).toEqual({ ok: true });
  expect(await b.coordinator.receiptOf(TASK.id, B, token)).toMatchObject({ receipt: { status: 'accepted' } });
  await b.join(A);
  expect(await b.report(C, [3, 3, 3])).toMatchObject({ ok: true });
  expect(await b.report(A, [3, 3, 3])).toMatchObject({ ok: true });
  await vi.waitFor(async () => expect(await newest()).toBe(1));
});

test('a client that joins at one process is over at the others', async () => {
  const [a, b] = [await start('a'), await start('b')];
  a.routed.joined(TASK.id, A, undefined);
  await vi.waitFor(() => expect(b.overtaken).toEqual([A]));
});

test('a login that ends at one process is over at the others; whether logins are good is looked every second while no word comes back', async () => {
  const [a, b] = [await start('a'), await start('b')];
  const seconds = async (count: number): Promise<void> => {
    for (let second = 0; second < count; second++) {
      clock.advance(1_000);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    }
  };
  a.routed.loggedOut('session-1');
  await vi.waitFor(() => expect(b.loggedOut).toEqual(['session-1']));
  await seconds(3);
  expect([a.looks, b.looks]).toEqual([[], []]);
  way.losing = Number.POSITIVE_INFINITY;
  await seconds(6);
  for (const { looks } of [a, b]) expect(looks).toEqual([6_000, 7_000, 8_000, 9_000]);
  way.losing = 0;
  await seconds(2);
  const whileAway = b.looks.length;
  await seconds(5);
  expect(b.looks).toHaveLength(whileAway);
  // A word of another was lost: it may have been that one.
  way.losing = 1;
  a.routed.loggedOut('session-2');
  await seconds(2);
  expect(b.looks.length).toBeGreaterThan(whileAway);
});

test('a picture of a crowd is small and comes seldom; whoever wants the whole list asks for it', async () => {
  const CROWD = 400;
  const [a, b] = [await start('a'), await start('b')];
  await a.coordinator.create({ ...TASK, rounds: { ...TASK.rounds, goal: 3, minimum: 3 } });
  /** Characters of each picture that goes over the bus. */
  const heard: number[] = [];
  const ear = way.join('ear');
  ear.listen({
    message(_, word) {
      if ((word as { kind: string }).kind === 'picture') heard.push(JSON.stringify(word).length);
    },
    lost: () => {},
  });
  for (let one = 0; one < CROWD; one++) expect(await a.join(client(one))).toEqual({ ok: true });
  await a.coordinator.startRounds(TASK.id, 1);
  await a.downlink.until('assign', 3);
  heard.length = 0;
  const [sent] = a.downlink.all('assign');
  for (let tenth = 1; tenth <= 50; tenth++) {
    const { token } = sent!.assignment;
    a.coordinator.progress(TASK.id, sent!.clientId, { token, phase: 'training', share: tenth / 50 });
    clock.advance(100);
    await Promise.resolve();
  }
  expect(heard.length).toBeGreaterThanOrEqual(4);
  expect(heard.length).toBeLessThanOrEqual(6);
  expect(Math.max(...heard)).toBeLessThan(30_000);

  const { shown, count } = b.coordinator.contributors(TASK.id);
  expect([shown.length, count]).toEqual([LIMITS.contributorsShownCount, CROWD]);
  expect(shown.slice(0, 4).map(({ state }) => state)).toEqual(['assigned', 'assigned', 'assigned', 'connected']);
  expect(await b.coordinator.listContributors(TASK.id, 2 * CROWD)).toHaveLength(CROWD);
  expect(await b.coordinator.listContributors(TASK.id, 2)).toEqual(shown.slice(0, 2));
  await a.die();
  const asked = b.coordinator.listContributors(TASK.id, 2);
  clock.advance(40_000);
  expect(await asked).toMatchObject({ ok: false, status: 503 });
});

test('tasks spread: a process that comes gets some of those at rest', async () => {
  const a = await start('a');
  const ids = ['t1', 't2', 't3', 't4'] as TaskId[];
  for (const id of ids) await a.coordinator.create({ ...TASK, id });
  const b = await start('b');
  await vi.waitFor(() => {
    clock.advance(1_000);
    expect([ids.filter(a.has).length, ids.filter(b.has).length]).toEqual([2, 2]);
  });
});
