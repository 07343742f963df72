import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join as path } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import {
  type Answer,
  ask,
  frameOf,
  join,
  type Participation,
  report,
  sha256,
  takePart,
  type Work,
} from './minimal-client.ts';

/** A server like any other, in a process of its own, spoken to as PROTOCOL.md says. */
let server: RunningServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.dispose());

let tasksCount = 0;
/** A new task with this policy; its rounds run. */
async function startTask(
  overrides: Record<string, unknown>,
  { template = 'seed-dense', rounds = 1 }: { template?: string; rounds?: number } = {},
): Promise<string> {
  const id = `conformance-${++tasksCount}`;
  await server.adminJson('/api/tasks', { body: { ...overrides, template, id } });
  await server.adminJson(`/api/tasks/${id}/rounds`, { body: { count: rounds } });
  return id;
}
const policy = (goal: number, minimum = goal, more: Record<string, unknown> = {}) => ({
  rounds: { goal, minimum, overSelection: 1, selectionDeadlineMs: 20_000, reportingDeadlineMs: 60_000, ...more },
});

interface TaskView {
  readonly version: number;
  readonly sha256: string;
}
interface RoundView {
  readonly number: number;
  readonly outcome: string | null;
  readonly reason?: string;
  readonly selected: number;
  readonly accepted: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly late: number;
  readonly surplus: number;
  readonly dropped: number;
}
const taskOf = (id: string) => server.adminJson<TaskView>(`/api/tasks/${id}`);
const roundsOf = (id: string) => server.adminJson<RoundView[]>(`/api/tasks/${id}/rounds`);
const weightsOf = async (hash: string): Promise<Float32Array> =>
  new Float32Array(await (await fetch(`${server.url}/weights/${hash}`)).arrayBuffer());

/** A delta that is `value` everywhere. */
const constant = (value: number, examples = 1) => ({
  train: (params: Float32Array): Work => ({ delta: new Float32Array(params.length).fill(value), examples, steps: 1 }),
});

/** A socket that holds an assignment and has done nothing with it yet. */
async function assigned(task: string, auth: { secret?: string } = {}) {
  const joined = await join(server.url, task, auth);
  const assignment = new Promise<Parameters<typeof frameOf>[2] & { readonly updateId: string }>((resolve) =>
    joined.socket.once('assign', resolve),
  );
  const ended = new Promise<{ yours: string | null; outcome: string; reason?: string }>((resolve) =>
    joined.socket.once('round', resolve),
  );
  expect(await ask(joined.socket, 'check-in', { examples: 1, backend: 'other', held: null })).toEqual({ ok: true });
  return { ...joined, assignment, ended };
}
const zeros = (participation: Participation): Float32Array => new Float32Array(participation.parameters);

it('the minimal client imports nothing of this repository', () => {
  const source = readFileSync(path(import.meta.dirname, 'minimal-client.ts'), 'utf8');
  const imports = [...source.matchAll(/from '([^']+)'/g)].map(([, from]) => from);
  expect(imports).toEqual(['node:crypto', 'node:timers/promises', 'node:zlib', 'socket.io-client']);
  expect(source).not.toMatch(/import\(|require\(/);
});

describe('minimal clients take part', () => {
  it('P13 to P18: in two rounds, whose versions are the mean of their deltas by examples', async () => {
    const task = await startTask({ ...policy(3), model: { zoo: 'softmax' } }, { template: 'digits', rounds: 2 });
    const before = await weightsOf((await taskOf(task)).sha256);
    const answers = await Promise.all([
      takePart(server.url, task, { ...constant(0.25, 1), rounds: 2 }),
      takePart(server.url, task, { ...constant(-0.5, 2), rounds: 2 }),
      takePart(server.url, task, { ...constant(1, 5), rounds: 2 }),
    ]);
    expect(answers.flat().every((answer) => answer.ok && answer.receipt?.status === 'accepted')).toBe(true);
    const after = await taskOf(task);
    expect(after.version).toBe(2);
    const mean = (0.25 * 1 - 0.5 * 2 + 1 * 5) / 8;
    const moved = (await weightsOf(after.sha256)).map((value, at) => value - (before[at] ?? Number.NaN));
    expect(Math.max(...moved.map((value) => Math.abs(value - 2 * mean)))).toBeLessThan(1e-5);
  });

  it('P15, P23: with a report of several chunks, and with weights too large for a broadcast', async () => {
    const several = policy(1);
    const large = { ...several, model: { zoo: 'cnn' } };
    for (const overrides of [several, large]) {
      const task = await startTask(overrides, { template: 'digits' });
      expect(await takePart(server.url, task, constant(0.001))).toEqual([
        expect.objectContaining({ ok: true, receipt: expect.objectContaining({ round: 1, order: 1 }) }),
      ]);
      expect((await taskOf(task)).version).toBe(1);
    }
  });

  it('P4: in a closed task with its join token, and not without', async () => {
    const task = await startTask({ ...policy(1), access: { joinToken: 'only for friends' } });
    await expect(join(server.url, task)).rejects.toMatchObject({ data: { ok: false, reason: 'unauthorized' } });
    await expect(join(server.url, task, { joinToken: 'only for friend' })).rejects.toMatchObject({
      data: { reason: 'unauthorized' },
    });
    const answers = await takePart(server.url, task, { ...constant(0.1), joinToken: 'only for friends' });
    expect(answers[0]?.ok).toBe(true);
  });
});

describe('threat C4: P26: a report that is not right is refused with its reason, and the round goes on without it', () => {
  type Spoil = (frame: Buffer, participation: Participation) => Buffer;
  const inBody =
    (values: readonly number[]): Spoil =>
    (frame) => {
      for (const [at, value] of values.entries()) frame.writeFloatLE(value, 96 + 4 * (at * 37));
      return frame;
    };
  const edit =
    (change: (frame: Buffer) => unknown): Spoil =>
    (frame) => {
      change(frame);
      return frame;
    };
  const spoiled: [reason: string, what: string, spoil: Spoil][] = [
    ['size', 'one value short', (frame) => frame.subarray(0, -4)],
    ['size', 'one byte long', (frame) => Buffer.concat([frame, Buffer.alloc(1)])],
    ['count', 'no examples', edit((frame) => frame.writeUInt32LE(0, 12))],
    ['count', 'too many steps', edit((frame) => frame.writeUInt32LE(0xffffffff, 16))],
    ['schema', 'another magic', edit((frame) => frame.write('NOPE'))],
    ['schema', 'another codec', edit((frame) => frame.writeUInt8(9, 4))],
    ['layout', 'another layout', edit((frame) => frame.writeUInt8((frame[24] ?? 0) ^ 1, 24))],
    ['not-finite', 'a NaN', inBody([Number.NaN])],
    ['not-finite', 'an infinity', inBody([1, 2, Number.NEGATIVE_INFINITY])],
    ['zero', 'all zeros', (frame) => frame.fill(0, 96)],
    ['norm', 'a huge norm', inBody([3e38, 3e38])],
  ];
  it.each(spoiled)('%s: %s', async (reason, _, spoil) => {
    const task = await startTask(policy(3, 2));
    const [bad, ...good] = await Promise.all([assigned(task), assigned(task), assigned(task)]);
    const honest = (participation: Participation) => ({
      delta: zeros(participation).fill(0.01),
      examples: 1,
      steps: 1,
    });
    const assignment = await bad.assignment;
    const frame = spoil(frameOf(honest(bad.participation), bad.participation, assignment), bad.participation);
    expect(await report(bad.socket, assignment.token, frame)).toMatchObject({ ok: false, reason });
    // The first rejection is final: an honest report comes too late.
    const again = frameOf(honest(bad.participation), bad.participation, assignment);
    expect((await report(bad.socket, assignment.token, again)).ok).toBe(false);
    for (const member of good) {
      const its = await member.assignment;
      const right = frameOf(honest(member.participation), member.participation, its);
      expect(await report(member.socket, its.token, right)).toMatchObject({ ok: true });
    }
    expect(await bad.ended).toMatchObject({ outcome: 'committed', yours: 'rejected', yoursReason: reason });
    expect(await good[0]?.ended).toMatchObject({ outcome: 'committed', yours: 'accepted', accepted: 2 });
    const [round] = await roundsOf(task);
    expect(round).toMatchObject({
      outcome: 'committed',
      selected: 3,
      accepted: 2,
      rejected: { [reason]: 1 },
      dropped: 0,
    });
    for (const { socket } of [bad, ...good]) socket.disconnect();
  });

  it('hash: other bytes than announced', async () => {
    const task = await startTask(policy(2, 1));
    const [bad, good] = await Promise.all([assigned(task), assigned(task)]);
    const assignment = await bad.assignment;
    const { token } = assignment;
    const work = { delta: zeros(bad.participation).fill(0.01), examples: 1, steps: 1 };
    const frame = frameOf(work, bad.participation, assignment);
    const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 };
    await ask(bad.socket, 'report-begin', { token, bytes: frame.byteLength, sha256: 'ab'.repeat(32), metrics });
    expect(await ask(bad.socket, 'report-chunk', { token, index: 0, crc32: crc32(frame) }, frame)).toEqual({
      ok: true,
    });
    expect(await ask(bad.socket, 'report-end', { token })).toMatchObject({ ok: false, reason: 'hash' });
    const its = await good.assignment;
    expect(await report(good.socket, its.token, frameOf(work, good.participation, its))).toMatchObject({ ok: true });
    expect(await bad.ended).toMatchObject({ outcome: 'committed', yours: 'rejected', yoursReason: 'hash' });
    for (const { socket } of [bad, good]) socket.disconnect();
  });

  it('threat C5: wrong-round: relative to another version, or under the token of a round that is over', async () => {
    const task = await startTask(policy(1), { rounds: 2 });
    const first = await assigned(task);
    const old = await first.assignment;
    const work = { delta: zeros(first.participation).fill(0.01), examples: 1, steps: 1 };
    expect(await report(first.socket, old.token, frameOf(work, first.participation, old))).toMatchObject({ ok: true });
    await first.ended;
    const next = new Promise<typeof old>((resolve) => first.socket.once('assign', resolve));
    await ask(first.socket, 'check-in', { examples: 1, backend: 'other', held: null });
    const current = await next;
    expect(current.base.version).toBe(1);
    const stale = frameOf(work, first.participation, old);
    expect(await report(first.socket, current.token, stale)).toMatchObject({ ok: false, reason: 'wrong-round' });
    const other = frameOf({ ...work, examples: 2 }, first.participation, old);
    expect(await report(first.socket, old.token, other)).toMatchObject({ ok: false, reason: 'conflict' });
    const right = frameOf(work, first.participation, current);
    expect(await report(first.socket, current.token, right)).toMatchObject({ ok: true });
    first.socket.disconnect();
  });
});

describe('threat C5: P27, P29: what was accepted stays', () => {
  it('the same bytes get the same receipt, other bytes `conflict`, also after the round and from another socket', async () => {
    const task = await startTask(policy(1));
    const secret = '5e'.repeat(16);
    const member = await assigned(task, { secret });
    const assignment = await member.assignment;
    const work = { delta: zeros(member.participation).fill(0.01), examples: 1, steps: 1 };
    const frame = frameOf(work, member.participation, assignment);
    const other = frameOf({ ...work, steps: 2 }, member.participation, assignment);
    const first = await report(member.socket, assignment.token, frame);
    expect(first).toMatchObject({ ok: true, receipt: { status: 'accepted', order: 1 } });
    expect(await member.ended).toMatchObject({ outcome: 'committed', yours: 'accepted' });
    const { socket } = await join(server.url, task, { secret });
    for (let again = 0; again < 2; again++) {
      expect(await report(socket, assignment.token, frame)).toMatchObject({
        ok: true,
        receipt: { order: 1, status: 'counted' },
      });
      expect(await report(socket, assignment.token, other)).toMatchObject({ ok: false, reason: 'conflict' });
    }
    expect(await ask(socket, 'resume', { token: assignment.token })).toMatchObject({
      ok: true,
      assignment: null,
      receipt: { status: 'counted', version: 1 },
    });
    const stranger = await join(server.url, task);
    expect(await report(stranger.socket, assignment.token, frame)).toMatchObject({ ok: false, reason: 'not-assigned' });
    expect(await (await fetch(`${server.url}/api/receipts/${first.receipt?.updateId}`)).json()).toMatchObject({
      status: 'counted',
      round: 1,
      version: 1,
    });
    for (const one of [socket, stranger.socket]) one.disconnect();
  });
});

describe('P25: a report survives its socket', () => {
  it('and goes on from the next one with the chunks that are missing', async () => {
    const task = await startTask(policy(1), { template: 'digits' });
    const secret = '7f'.repeat(16);
    const member = await assigned(task, { secret });
    const assignment = await member.assignment;
    const { token } = assignment;
    const work = { delta: zeros(member.participation).fill(0.001), examples: 1, steps: 1 };
    const frame = frameOf(work, member.participation, assignment);
    const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 };
    const begin = { token, bytes: frame.byteLength, sha256: sha256(frame), metrics };
    await ask(member.socket, 'report-begin', begin);
    for (const index of [2, 0]) {
      const chunk = frame.subarray(index * 262_144, (index + 1) * 262_144);
      expect(await ask(member.socket, 'report-chunk', { token, index, crc32: crc32(chunk) }, chunk)).toEqual({
        ok: true,
      });
    }
    member.socket.io.engine.close();
    const back = await join(server.url, task, { secret });
    expect(await ask(back.socket, 'resume', { token })).toMatchObject({
      ok: true,
      assignment: { token },
      receipt: null,
    });
    expect(await ask(back.socket, 'report-begin', begin)).toEqual({ ok: true, received: [0, 2], receipt: null });
    expect(await report(back.socket, token, frame)).toMatchObject({ ok: true });
    back.socket.disconnect();
  });
});

describe('late and surplus', () => {
  it('P18, P26: a report after the goal is `surplus`, one after the deadline `late`', async () => {
    const crowded = await startTask({ ...policy(1, 1), ...{ rounds: { ...policy(1, 1).rounds, overSelection: 2 } } });
    const both = await Promise.all([assigned(crowded), assigned(crowded)]);
    const answers: Answer[] = [];
    for (const member of both) {
      const assignment = await member.assignment;
      const work = { delta: zeros(member.participation).fill(0.01), examples: 1, steps: 1 };
      answers.push(await report(member.socket, assignment.token, frameOf(work, member.participation, assignment)));
    }
    expect(answers).toMatchObject([{ ok: true }, { ok: false, reason: 'surplus' }]);
    expect(await both[1]?.ended).toMatchObject({ outcome: 'committed', yours: 'surplus' });
    expect((await roundsOf(crowded))[0]).toMatchObject({ selected: 2, accepted: 1, surplus: 1, late: 0 });

    const hasty = await startTask(policy(2, 1, { reportingDeadlineMs: 1_000 }));
    const [quick, slow] = await Promise.all([assigned(hasty), assigned(hasty)]);
    const its = await quick.assignment;
    const work = { delta: zeros(quick.participation).fill(0.01), examples: 1, steps: 1 };
    expect(await report(quick.socket, its.token, frameOf(work, quick.participation, its))).toMatchObject({ ok: true });
    expect(await slow.ended).toMatchObject({ outcome: 'committed', yours: 'late', accepted: 1 });
    const late = await slow.assignment;
    expect(await report(slow.socket, late.token, frameOf(work, slow.participation, late))).toMatchObject({
      ok: false,
      reason: 'late',
    });
    expect((await roundsOf(hasty))[0]).toMatchObject({ outcome: 'committed', selected: 2, accepted: 1, late: 1 });
    for (const { socket } of [...both, quick, slow]) socket.disconnect();
  });
});

it('P9, P11: a round goes on while others send nonsense, and the nonsense is refused', async () => {
  const task = await startTask({ ...policy(3), model: { zoo: 'softmax' } }, { template: 'digits', rounds: 3 });
  const events = ['resume', 'report-begin', 'report-chunk', 'report-end', 'progress', 'nothing'];
  const nonsense = [null, 7, 'x', [], { token: 7 }, { token: 'a'.repeat(32) }, JSON.parse('{"__proto__":{"token":1}}')];
  let isOver = false;
  let refused = 0;
  // Not more often than P3 lets one address join in a second, on a fast machine.
  const disturb = async (): Promise<void> => {
    for (let times = 0; times < 15 && !isOver; times++) {
      const { socket } = await join(server.url, task);
      for (const event of events)
        for (const message of nonsense) refused += (await ask(socket, event, message)).ok ? 0 : 1;
      socket.io.engine.write('51-["report-chunk",{"_placeholder":true,"num":9}]');
      socket.io.engine.write('2["check-out",{}]');
      await new Promise((resolve) => socket.once('disconnect', resolve));
    }
  };
  const noise = Promise.all([disturb(), disturb()]);
  const honest = [1, 2, 3].map((value) => takePart(server.url, task, { ...constant(value / 100), rounds: 3 }));
  const answers = (await Promise.all(honest)).flat();
  isOver = true;
  await noise;
  expect(answers).toHaveLength(9);
  expect(answers.every(({ ok }) => ok)).toBe(true);
  expect(refused).toBeGreaterThan(80);
  expect((await taskOf(task)).version).toBe(3);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

/** Of the first round of a task: the names of all files, at whichever process, each once. */
const reportsOnDisk = (task: string): string[] => {
  const folders = server.dataFolders.map((folder) => path(folder, 'spool', task, '1'));
  return [...new Set(folders.filter(existsSync).flatMap((folder) => readdirSync(folder)))];
};

it('P20: a client that withdraws after its report was accepted is not in the version, nor are its bytes on the disk', async () => {
  const task = await startTask(policy(2, 1));
  const before = await weightsOf((await taskOf(task)).sha256);
  const [gone, stays] = await Promise.all([assigned(task), assigned(task)]);
  const send = async (member: typeof gone, value: number) => {
    const assignment = await member.assignment;
    const work = { delta: zeros(member.participation).fill(value), examples: 1, steps: 1 };
    return report(member.socket, assignment.token, frameOf(work, member.participation, assignment));
  };
  expect(await send(gone, 0.5)).toMatchObject({ ok: true });
  const { updateId } = await gone.assignment;
  expect(reportsOnDisk(task)).toEqual([updateId]);
  expect(await ask(gone.socket, 'forget', {})).toEqual({ ok: true });
  expect(reportsOnDisk(task)).toEqual([]);
  expect(await send(stays, 0.125)).toMatchObject({ ok: true });
  expect(await stays.ended).toMatchObject({ outcome: 'committed', accepted: 1 });
  const after = await weightsOf((await taskOf(task)).sha256);
  expect((after[0] ?? 0) - (before[0] ?? 0)).toBeCloseTo(0.125, 5);
  expect(await server.adminJson(`/api/receipts/${updateId}`)).toEqual({ status: 'withdrawn', round: 1 });
  expect(await roundsOf(task)).toMatchObject([{ selected: 2, accepted: 1, dropped: 1 }]);
  for (const { socket } of [gone, stays]) socket.disconnect();
});

it('P30: a redeploy in the middle of a round: the same token is good in the next process', async () => {
  const task = await startTask(policy(1));
  const secret = '9a'.repeat(16);
  const member = await assigned(task, { secret });
  const assignment = await member.assignment;
  const told = Promise.all([
    new Promise((resolve) => member.socket.once('draining', resolve)),
    new Promise((resolve) => member.socket.once('refused', resolve)),
  ]);
  expect(await server.stop()).toBe(0);
  expect(await told).toMatchObject([{ retryAfterMs: expect.any(Number) }, { ok: false, reason: 'draining' }]);
  const { dataFolder, port } = server;
  server = await startServer({ dataFolder, port });
  const back = await join(server.url, task, { secret });
  const answer = await ask(back.socket, 'resume', { token: assignment.token });
  expect(answer).toMatchObject({ ok: true, assignment: { token: assignment.token, round: assignment.round } });
  const work = { delta: zeros(back.participation).fill(0.01), examples: 1, steps: 1 };
  expect(await report(back.socket, assignment.token, frameOf(work, back.participation, assignment))).toMatchObject({
    ok: true,
  });
  await expect.poll(async () => (await taskOf(task)).version, { timeout: 20_000 }).toBe(1);
  back.socket.disconnect();
});
