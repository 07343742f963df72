import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ManualClock } from '../../../shared/fixtures/manual-clock.ts';
import type { AssignmentToken, ClientId, UpdateId } from '../../../shared/ids.ts';
import { LIMITS } from '../../../shared/limits.ts';
import { secureRng, seededRng } from '../../../shared/rng.ts';
import type { TaskSpec } from '../../../shared/task/spec.ts';
import { fromBytes } from '../../../shared/weights/vector.ts';
import { expiringLeases } from '../../cluster/expiring.ts';
import { MemoryWay } from '../../cluster/memory-bus.ts';
import { fileBlobs } from '../../storage/blobs/files.ts';
import type { BlobStore, Spool } from '../../storage/blobs/port.ts';
import { fileSpool } from '../../storage/blobs/spool.ts';
import { MemoryMovingReports } from '../../storage/memory/moving-reports.ts';
import type { Storage } from '../../storage/port.ts';
import { sharedCluster } from '../../storage/postgres/fixtures/cluster.ts';
import { Postgres } from '../../storage/postgres/postgres.ts';
import { postgresSpool } from '../../storage/postgres/spool.ts';
import { sqlStorage } from '../../storage/sql/storage.ts';
import { startArithmetic } from '../arithmetic.ts';
import { createCoordinator } from '../coordinator.ts';
import { frameOf, THREE } from '../fixtures/frames.ts';
import { RecordingDownlink } from '../fixtures/recording-downlink.ts';
import { client, TASK } from '../fixtures/rig.ts';
import type { Arithmetic } from '../port.ts';
import { SILENT_MS } from './presence.ts';
import { createRoutedCoordinator } from './routed-coordinator.ts';

// Processes as on machines of their own: a folder and an arithmetic thread each; a PostgreSQL database and a bus together.

/** A machine that does much else at the same time. */
const PATIENCE_MS = 60_000;
vi.setConfig({ testTimeout: 2 * PATIENCE_MS, hookTimeout: 2 * PATIENCE_MS });
const eventually = <Value>(look: () => Value | Promise<Value>): Promise<Value> => vi.waitFor(look, PATIENCE_MS);

const [A, B, C, D] = [client(1), client(2), client(3), client(4)];
const METRICS = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 5 };

let folder: string;
let url: string;
let database: Postgres;
let storage: Storage;
let blobs: BlobStore;
let way: MemoryWay;
let clock: ManualClock;
let open: { readonly stop: () => Promise<void> }[] = [];
const threads: Arithmetic[] = [];
let busyThreads = 0;
const renewals = new Set<Promise<unknown>>();
const sql = async (text: string) => (await sharedCluster()).query(url, text);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fedtab-sums-'));
  await mkdir(join(folder, 'blobs'));
  url = await (await sharedCluster()).createDatabase();
  database = new Postgres(url);
  await database.prepare();
  storage = sqlStorage(database);
  blobs = fileBlobs(join(folder, 'blobs'));
});
afterAll(async () => {
  for (const thread of threads) await thread.close();
  await database.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  way = new MemoryWay();
  clock = new ManualClock();
  busyThreads = 0;
});
afterEach(async () => {
  for (const one of open) await one.stop();
  open = [];
  await storage.tasks.remove(TASK.id);
  await sql('delete from reports');
});

/** Threads are kept for the next test: what one has of an earlier one has another key. */
function thread(): Arithmetic {
  const made = threads[busyThreads] ?? startArithmetic({ kind: 'folder', folder: join(folder, 'blobs') });
  threads[busyThreads] = made;
  busyThreads += 1;
  return made;
}

interface Faults {
  /** It takes no task over. */
  readonly isNoHome?: boolean;
  /** A sum is not written before this resolves. */
  readonly beforeSave?: () => Promise<void>;
  /** A report cannot be removed while it says so. */
  readonly isStuck?: () => boolean;
  /** Nobody hears that a round is over. */
  readonly losesEnds?: boolean;
  /** The folder of an earlier process on the same machine. */
  readonly files?: string;
}

/** One process on a machine of its own. */
async function start(name: string, { beforeSave, isNoHome, isStuck, losesEnds, ...faults }: Faults = {}) {
  const files = faults.files ?? (await mkdtemp(join(folder, `${name}-`)));
  const downlink = new RecordingDownlink();
  const brought: UpdateId[] = [];
  const own = postgresSpool(database, fileSpool(files));
  const spool: Spool = {
    ...own,
    async has(task, round, updateId) {
      const isThere = (await readdir(files, { recursive: true })).some((file) => file.endsWith(updateId));
      if (!isThere) brought.push(updateId);
      return own.has(task, round, updateId);
    },
    async remove(...report) {
      if (isStuck?.() === true) throw new Error('the disk is stuck');
      await own.remove(...report);
    },
  };
  const real = thread();
  const arithmetic: Arithmetic = {
    ...real,
    async save(...args) {
      await beforeSave?.();
      return real.save(...args);
    },
  };
  const tasks: Storage['tasks'] = {
    ...storage.tasks,
    renew(...args) {
      const renewal = storage.tasks.renew(...args).finally(() => renewals.delete(renewal));
      renewals.add(renewal);
      return renewal;
    },
  };
  const leases = expiringLeases({ tasks, holder: name, clock });
  if (isNoHome) leases.attempt = async () => null;
  const joined = way.join(name);
  const isLost = (word: unknown): boolean => losesEnds === true && (word as { name?: unknown }).name === 'end';
  const bus: typeof joined = {
    ...joined,
    send: (word, to) => {
      if (!isLost(word)) joined.send(word, to);
    },
  };
  const logged: string[] = [];
  const log = { info: () => {}, warn: (_: object, message: string) => void logged.push(message), error: () => {} };
  const ports = { storage, blobs, spool, arithmetic, clock, hasSamples: () => true, log };
  const routed = createRoutedCoordinator({
    ...{ ...ports, bus, leases, moving: new MemoryMovingReports() },
    makeInner: (to, elsewhere) =>
      createCoordinator({
        ...{ ...ports, leases, downlink: to, elsewhere, rng: seededRng(3), secureRng },
        evaluator: { score: async () => null, close: async () => {} },
      }),
    sessions: {
      downlink,
      recall: () => {},
      overtaken: () => true,
      uploads: { has: () => false, give: async () => null, forget: async () => {} },
      counts: () => (downlink.connected.size > 0 ? [[TASK.id, downlink.connected.size]] : []),
      lookAtLogins: () => {},
    },
    loggedOut: () => {},
  });
  const { coordinator } = routed;
  await coordinator.start();
  const isMade = (one: unknown): boolean => one === made;
  const made = {
    ...{ name, folder: files, coordinator, downlink, brought, logged },
    has: () => routed.inner.holds(TASK.id),
    async files(): Promise<string[]> {
      const all = await readdir(files, { recursive: true });
      return all.filter((file) => /[0-9a-f]{32}$/.test(file));
    },
    join(clientId: ClientId) {
      downlink.connected.add(clientId);
      routed.joined(TASK.id, clientId, undefined);
      return coordinator.checkIn(TASK.id, clientId, { examples: 10, backend: 'cpu', held: null });
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
    ): Promise<UpdateId> {
      const admitted = await coordinator.admit(TASK.id, clientId, token);
      if ('ok' in admitted) throw new Error(admitted.message);
      const { round, updateId, expected } = admitted;
      const { frame, sha256 } = frameOf({ delta, examples: 1, expected });
      const writer = await spool.open(TASK.id, round, updateId, frame.byteLength);
      await writer.write(0, frame);
      const arrived = { token, sha256, bytes: frame.byteLength, metrics: METRICS, writer };
      expect(await coordinator.report(TASK.id, clientId, arrived)).toMatchObject({ ok: true });
      return updateId;
    },
    /** As if it were killed. */
    async die(): Promise<void> {
      leases.close();
      await bus.close();
      open = open.filter((one) => !isMade(one));
    },
    async leave(): Promise<void> {
      open = open.filter((one) => !isMade(one));
      await made.stop();
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

interface Options {
  readonly changes?: Partial<TaskSpec>;
  readonly ofA?: Faults;
  readonly ofB?: Faults;
  readonly minimum?: number;
}

/** A task of process a with A there and B, C, D at b, all in one round. */
async function inOneRound({ changes = {}, ofA = {}, ofB = {}, minimum = 4 }: Options = {}) {
  const [a, b] = [await start('a', ofA), await start('b', ofB)];
  const rounds = { ...TASK.rounds, goal: 4, minimum };
  expect(await a.coordinator.create({ ...TASK, ...changes, rounds })).toEqual({ ok: true });
  clock.advance(1_000); // everybody says that it is there
  await settled();
  await Promise.all([a.join(A), ...[B, C, D].map((clientId) => b.join(clientId))]);
  expect(await b.coordinator.startRounds(TASK.id, 1)).toEqual({ ok: true });
  await a.downlink.until('assign', 1);
  await b.downlink.until('assign', 3);
  return { a, b };
}
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

/** Seconds, in which every process keeps its leases. */
async function pass(ms: number): Promise<void> {
  for (let atMs = 0; atMs < ms; atMs += 1_000) {
    clock.advance(1_000);
    await settled();
    await Promise.allSettled(renewals);
    await settled();
  }
}

async function newest(): Promise<readonly number[] | undefined> {
  const row = await storage.tasks.get(TASK.id);
  if (row?.version !== 1) return undefined;
  return [...fromBytes((await blobs.get(row.sha256)) ?? new Uint8Array())];
}
const version = (): Promise<readonly number[]> =>
  eventually(async () => {
    const made = await newest();
    if (made === undefined) throw new Error('no version yet');
    return made;
  });
const names = async (): Promise<unknown[]> =>
  (await sql('select update_id from reports')).map((row) => row['update_id']);

test('D11 the reports of a process stay there, and its sum crosses', async () => {
  const { a, b } = await inOneRound();
  const here = await Promise.all([b.report(B, [4, 0, 0]), b.report(C, [0, 8, 0])]);
  await eventually(async () => expect((await b.files()).length).toBe(2));
  expect(a.brought).toEqual([]);
  await a.report(A, [0, 0, 4]);
  here.push(await b.report(D, [0, 0, 8]));
  expect(await version()).toEqual([1, 2, 3]);
  expect(a.brought).toHaveLength(1);
  expect(here).not.toContain(a.brought[0]);
  const receipts = await storage.rounds.receiptsOf(TASK.id, 1);
  expect(receipts.map(({ place, status }) => [place, status])).toEqual([
    ...[
      ['b', 'counted'],
      ['b', 'counted'],
      [null, 'counted'],
    ],
    ['b', 'counted'],
  ]);
  await eventually(async () => expect([await a.files(), await b.files(), await names()]).toEqual([[], [], []]));
});

test('D6 D11 what is deleted between its receipt and the commit is in no sum, and on no machine', async () => {
  const { a, b } = await inOneRound({ minimum: 3 });
  await b.report(B, [3, 0, 0]);
  const gone = await b.report(C, [0, 9, 0]);
  await b.report(D, [0, 0, 6]);
  await eventually(async () => expect((await b.files()).length).toBe(3));
  await b.coordinator.forget(TASK.id, C);
  expect((await b.files()).some((file) => file.endsWith(gone))).toBe(false);
  expect(await names()).not.toContain(gone);
  await a.report(A, [0, 0, 3]);
  expect(await version()).toEqual([1, 0, 3]);
  expect(await storage.rounds.receiptsOf(TASK.id, 1)).toMatchObject([{}, { status: 'withdrawn', place: null }, {}, {}]);
});

/** Of a process that begins to write its sum, and gets no further before `goOn`. */
function slowSum() {
  let begin = (): void => {};
  const isAdding = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let goOn = (): void => {};
  const mayGoOn = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const beforeSave = (): Promise<void> => {
    begin();
    return mayGoOn;
  };
  return { isAdding, beforeSave, goOn };
}
type Process = Awaited<ReturnType<typeof start>>;

test.each([
  { what: 'is killed', fate: (b: Process) => b.die(), withinMs: SILENT_MS },
  { what: 'leaves in order', fate: (b: Process) => b.leave(), withinMs: SILENT_MS },
  { what: 'is there, and gets no further', fate: async () => {}, withinMs: LIMITS.partialSumMs },
])(
  'D3 D11 a process that $what while it adds up: its reports are fetched, and the version is the same',
  async ({ fate, withinMs }) => {
    const { isAdding, beforeSave, goOn } = slowSum();
    const { a, b } = await inOneRound({ ofB: { beforeSave } });
    for (const [clientId, delta] of [
      [B, [4, 0, 0]],
      [C, [0, 8, 0]],
      [D, [0, 0, 8]],
    ] as const)
      await b.report(clientId, delta);
    await a.report(A, [0, 0, 4]);
    await isAdding;
    await fate(b);
    await pass(withinMs + 2_000);
    expect(await version()).toEqual([1, 2, 3]);
    expect(a.brought).toHaveLength(3);
    expect(a.logged).toContain('a process did not hand over its sum: its reports are fetched one by one');
    goOn(); // what comes late of it is nobody's
  },
);

test('D4 D11 a process that ends waits for no sum: whoever takes the task over asks for the same', async () => {
  const { isAdding, beforeSave, goOn } = slowSum();
  const { a, b } = await inOneRound({ ofB: { beforeSave, isNoHome: true } });
  for (const clientId of [B, C, D]) await b.report(clientId, [0, 4, 0]);
  await a.report(A, [4, 0, 0]);
  await isAdding;
  await a.leave(); // though its clock stands still
  expect(await newest()).toBe(undefined);
  goOn();
  const c = await start('c');
  await eventually(() => {
    clock.advance(1_000);
    expect(c.has()).toBe(true);
  });
  expect(await version()).toEqual([1, 3, 0]);
});

test('D11 whoever has the task makes no sum of it for others', async () => {
  await inOneRound();
  const answers: unknown[] = [];
  const other = way.join('x');
  other.listen({ message: (_, word) => void answers.push(word), lost: () => {} });
  const round = { task: TASK.id, number: 1, place: 1, fold: 'sum', expected: THREE };
  const call = { kind: 'call', id: 'x/1', task: TASK.id, name: 'sum', args: [round, []], isRepeatable: true };
  other.send({ ...call, online: 0 }, 'a');
  const answer = { kind: 'answer', id: 'x/1', value: { ok: false, reason: 'absent' } };
  await eventually(() => expect(answers).toContainEqual(answer));
  await other.close();
});

test('D6 D11 what is deleted is gone from whoever took it, also where the spool fails, and may be deleted again', async () => {
  let isStuck = true;
  const { a, b } = await inOneRound({ minimum: 3, ofA: { isStuck: () => isStuck } });
  const gone = await b.report(B, [3, 0, 0]);
  await eventually(async () => expect((await b.files()).length).toBe(1));
  await expect(a.coordinator.forget(TASK.id, B)).rejects.toThrow('stuck');
  expect(await b.files()).toEqual([]);
  isStuck = false;
  await a.coordinator.forget(TASK.id, B);
  expect(await names()).not.toContain(gone);
});

test('D3 D11 another takes the task over: it asks for the same sums, and makes what the first would have made', async () => {
  const { a, b } = await inOneRound({ ofB: { isNoHome: true } });
  const c = await start('c');
  clock.advance(1_000);
  await settled();
  for (const [clientId, delta] of [
    [B, [0.1, 0.7, 0]],
    [C, [0.3, 1e-9, 3]],
    [D, [10, 0.2, 8]],
  ] as const)
    await b.report(clientId, delta);
  const token = a.tokenOf(A);
  await a.die();
  await database.read((rows) => rows.updateTable('tasks').set({ leaseEndsAt: 0 }).execute());
  await eventually(() => {
    clock.advance(1_000);
    expect(c.has() && c.coordinator.status(TASK.id)?.round?.selected).toBe(4);
  });
  clock.advance(1_000);
  await settled();
  await c.join(A);
  await c.report(A, [0.5, 0.5, 0.5], token);
  // By hand in Float64: the float32 values of the group of b from nothing, and that of A to it.
  const f = Math.fround;
  const sums = [f(0.1) + f(0.3) + 10, f(0.7) + f(1e-9) + f(0.2), 3 + 8];
  expect(await version()).toEqual(sums.map((value) => f((value + 0.5) / 4)));
  expect(c.brought).toHaveLength(1);
});

test('D11 a process that went and came back under another name is not asked: the database has what it took', async () => {
  const { a, b } = await inOneRound();
  for (const [clientId, delta] of [
    [B, [4, 0, 0]],
    [C, [0, 8, 0]],
  ] as const)
    await b.report(clientId, delta);
  const token = b.tokenOf(D);
  await b.leave();
  const again = await start('b2');
  clock.advance(1_000);
  await settled();
  await again.join(D);
  await again.report(D, [0, 0, 8], token);
  await a.report(A, [0, 0, 4]);
  expect(await version()).toEqual([1, 2, 3]);
  expect(new Set((await storage.rounds.receiptsOf(TASK.id, 1)).map(({ place }) => place))).toEqual(
    new Set(['b', 'b2', null]),
  );
});

test.each(['report', 'sum'])(
  'D11 words that are lost cost time, and no report: the question %s and those after it',
  async (name) => {
    const { a, b } = await inOneRound();
    await b.report(B, [4, 0, 0]);
    await b.report(C, [0, 8, 0]);
    await a.report(A, [0, 0, 4]);
    let isLost = false;
    way.passing = (message) => {
      if (isLost || (message as { readonly name?: unknown }).name !== name) return;
      isLost = true;
      way.losing = 3;
    };
    const last = b.report(D, [0, 0, 8]);
    await eventually(async () => {
      clock.advance(1_000);
      expect(await newest()).toEqual([1, 2, 3]);
    });
    expect(isLost).toBe(true);
    await last.catch(() => {});
  },
);

test('D9 D11 under a rule that must see all reports they are brought as they come', async () => {
  const strategy = { ...TASK.strategy, name: 'robust', weighting: 'uniform', aggregator: { name: 'median' } } as const;
  const { a, b } = await inOneRound({ changes: { strategy } });
  const here: UpdateId[] = [];
  for (const [clientId, delta] of [
    [B, [4, 1, 0]],
    [C, [0, 8, 1]],
    [D, [2, 0, 8]],
  ] as const)
    here.push(await b.report(clientId, delta));
  expect(a.brought).toEqual(here);
  await a.report(A, [2, 2, 4]);
  expect(await version()).toEqual([2, 1.5, 2.5]);
  expect((await storage.rounds.receiptsOf(TASK.id, 1)).map(({ place }) => place)).toEqual([null, null, null, null]);
});

const buffered = {
  ...{ name: 'fedbuff', weighting: 'uniform', serverOptimizer: { name: 'sgd', learningRate: 1 } },
  schedule: { kind: 'buffered', size: 4, maximumStaleness: 10, concurrency: 4 },
} as unknown as TaskSpec['strategy'];

test.each([false, true])(
  'D11 the sums of a buffer, and none of its reports stays behind, also where its end is not heard of: %s',
  async (losesEnds) => {
    const strategy = buffered;
    const { a, b } = await inOneRound({ changes: { strategy }, ofA: { losesEnds } });
    await b.report(B, [4, 0, 0]);
    await b.report(C, [0, 8, 0]);
    await b.report(D, [0, 0, 8]);
    await a.report(A, [0, 0, 4]);
    expect(await version()).toEqual([1, 2, 3]);
    if (losesEnds) await pass(31_000);
    await eventually(async () => expect([await b.files(), await names()]).toEqual([[], []]));
  },
);

test('D6 D11 a process that starts again keeps nothing of an open buffer: nobody would tell it of a deletion', async () => {
  const { a, b } = await inOneRound({ changes: { strategy: buffered } });
  await b.report(B, [4, 0, 0]);
  await eventually(async () => expect((await b.files()).length).toBe(1));
  await b.die();
  const again = await start('b2', { files: b.folder, isNoHome: true });
  expect([await again.files(), (await names()).length, a.has()]).toEqual([[], 1, true]);
});

test('D11 a process that lost the task of a buffer keeps none of its reports', async () => {
  const { a } = await inOneRound({ changes: { strategy: buffered }, ofB: { isNoHome: true } });
  await a.report(A, [4, 0, 0]);
  expect((await a.files()).length).toBe(1);
  await database.read((rows) => rows.updateTable('tasks').set({ leaseEndsAt: 0 }).execute());
  expect(await storage.tasks.lease(TASK.id, 'another', LIMITS.leaseMs)).not.toBe(null);
  await eventually(async () => {
    clock.advance(1_000);
    expect([await a.files(), (await names()).length]).toEqual([[], 1]);
  });
});
