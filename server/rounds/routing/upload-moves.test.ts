import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../../shared/fixtures/manual-clock.ts';
import { sha256Hex } from '../../../shared/hash.ts';
import type { AssignmentToken, ClientId, TaskId } from '../../../shared/ids.ts';
import { LIMITS } from '../../../shared/limits.ts';
import { type ReportBegin, updateIdOf } from '../../../shared/protocol/index.ts';
import { chunkAt, crc32 } from '../../../shared/wire/chunk.ts';
import { MemoryWay } from '../../cluster/memory-bus.ts';
import { readMessage } from '../../cluster/messages.ts';
import { ScriptedCoordinator } from '../../gateway/fakes/scripted-coordinator.ts';
import { noMetrics } from '../../gateway/ports.ts';
import { ReadValve } from '../../gateway/read-valve.ts';
import { Uploads } from '../../gateway/upload.ts';
import { fileSpool } from '../../storage/blobs/spool.ts';
import { MemoryMovingReports } from '../../storage/memory/moving-reports.ts';
import { Calls } from './calls.ts';
import { UploadMoves } from './upload-moves.ts';

const task = 'digits' as TaskId;
const client = 'c1'.repeat(16) as ClientId;
const token = 'a1'.repeat(16) as AssignmentToken;
const updateId = updateIdOf(token);
const frame = Uint8Array.from({ length: 96 + 199_210 * 4 }, (_, at) => (at * 31) >>> 3);
const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 1 };
const announced: ReportBegin = { token, bytes: frame.byteLength, sha256: sha256Hex(frame), metrics };
const log = { info: () => {}, warn: () => {}, error: () => {} };

let folder: string;
let way: MemoryWay;
let clock: ManualClock;
let moving: MemoryMovingReports;
let coordinator: ScriptedCoordinator;
let names: string[];
let open: Uploads[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedtab-moves-'));
  way = new MemoryWay();
  clock = new ManualClock();
  moving = new MemoryMovingReports();
  coordinator = new ScriptedCoordinator();
  coordinator.assign(client, token);
  names = [];
  open = [];
});
afterEach(async () => {
  for (const uploads of open) await uploads.park();
  rmSync(folder, { recursive: true });
});

/** Uploads of one process, with its own disk. */
function start(name: string) {
  const bus = way.join(name);
  const calls = new Calls(bus, clock);
  names.push(name);
  /** Each question once, also where it is said again. */
  const asked: string[] = [];
  const spoolFolder = join(folder, name);
  mkdirSync(spoolFolder);
  const uploads: Uploads = new Uploads({
    ...{ coordinator, spool: fileSpool(spoolFolder), valve: new ReadValve(LIMITS.unwrittenBytes) },
    ...{ clock, log, metrics: noMetrics, elsewhere: () => moves },
  });
  const moves = new UploadMoves({
    ...{ uploads, moving, clock, log },
    others: () => names.filter((other) => other !== name),
    ask(of, question, args, how) {
      asked.push(question);
      return calls.call({ task: of, name: question, args: [...args], online: 0 }, how);
    },
    later: (delayMs, act) => void clock.after(delayMs, act),
  });
  bus.listen({
    message(from, word) {
      const message = readMessage(word);
      if (message?.kind === 'call')
        calls.asked(from, message, (_, call) => moves.answer(call.task, call.name, call.args));
      if (message?.kind === 'answer') calls.answered(message.id, message);
    },
    lost: () => {},
  });
  const files = (): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.startsWith(join(name, '/')) && /[0-9a-f]{32}/.test(file),
    );
  const chunk = (index: number, bytes = frame) =>
    uploads.chunk(task, client, { token, index, crc32: crc32(chunkAt(bytes, index)) }, chunkAt(bytes, index));
  open.push(uploads);
  return { name, asked, bus, uploads, moves, files, chunk, spoolFolder };
}

/** A client that sent chunks 2 and 0 to the first of three processes. */
async function cutOff() {
  const [a, b, c] = [start('a'), start('b'), start('c')];
  expect(await a.uploads.begin(task, client, announced)).toEqual({ ok: true, received: [], receipt: null });
  for (const index of [2, 0]) expect(await a.chunk(index)).toEqual({ ok: true });
  return { a, b, c };
}
const anew = { ok: true, received: [], receipt: null };
const goesOn = { ok: true, received: [0, 2], receipt: null };
/** Lets so much time pass, once this was asked of all whom it is asked of. */
async function silence(asked: readonly string[], question: string, times: number, ms: number): Promise<void> {
  await vi.waitFor(() => expect(asked.filter((one) => one === question)).toHaveLength(times), { timeout: 20_000 });
  clock.advance(ms);
}

describe('P25: an upload whose client comes back at another process', () => {
  it('goes on there with the chunks that are missing, and the one before has nothing any more', async () => {
    const { a, b } = await cutOff();
    expect(await b.uploads.begin(task, client, announced, true)).toEqual(goesOn);
    expect([a.files(), a.uploads.openCount, moving.reports.size]).toEqual([[], 0, 0]);
    expect(await a.chunk(1)).toMatchObject({ ok: false, reason: 'not-assigned' });
    for (const index of [1, 3]) expect(await b.chunk(index)).toEqual({ ok: true });
    expect(await b.uploads.end(task, client, token)).toMatchObject({ ok: true, receipt: { updateId } });
    expect(Buffer.compare(readFileSync(fileSpool(b.spoolFolder).path(task, 1, updateId)), frame)).toBe(0);
  });

  it('goes on at a third one, and back at the first', async () => {
    const { a, b, c } = await cutOff();
    expect(await b.uploads.begin(task, client, announced, true)).toEqual(goesOn);
    expect(await b.chunk(1)).toEqual({ ok: true });
    expect(await c.uploads.begin(task, client, announced, true)).toEqual({ ...goesOn, received: [0, 1, 2] });
    expect(await a.uploads.begin(task, client, announced, true)).toEqual({ ...goesOn, received: [0, 1, 2] });
    expect([b.files(), c.files()]).toEqual([[], []]);
    expect(await a.chunk(3)).toEqual({ ok: true });
    expect(await a.uploads.end(task, client, token)).toMatchObject({ ok: true });
  });

  it('begins anew in a bounded time where that process is gone', async () => {
    const { a, b } = await cutOff();
    await a.bus.close();
    const begun = b.uploads.begin(task, client, announced, true);
    await silence(b.asked, 'upload-has', 2, LIMITS.uploadAskMs);
    expect(await begun).toEqual(anew);
  });

  it('begins anew in a bounded time where that process does not give it, and what it leaves later goes', async () => {
    const { a, b } = await cutOff();
    let go = (): void => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const leave = moving.leave.bind(moving);
    moving.leave = async (...report) => {
      await held;
      return leave(...report);
    };
    const begun = b.uploads.begin(task, client, announced, true);
    await silence(b.asked, 'upload-give', 1, LIMITS.uploadMoveMs);
    expect(await begun).toEqual(anew);
    go();
    await vi.waitFor(() => expect(a.files()).toEqual([]), { timeout: 20_000 });
    expect(moving.reports.size).toBe(1);
    clock.advance(LIMITS.uploadIdleMs);
    expect(moving.reports.size).toBe(0);
  });

  it('sends a chunk again that was damaged on its way', async () => {
    const { b } = await cutOff();
    const chunk = moving.chunk.bind(moving);
    moving.chunk = async (report, index) => {
      const bytes = await chunk(report, index);
      return index === 2 && bytes !== null ? bytes.map((byte, at) => (at === 77 ? byte ^ 1 : byte)) : bytes;
    };
    expect(await b.uploads.begin(task, client, announced, true)).toEqual({ ...goesOn, received: [0] });
  });

  it('asks nobody where the client was given its part here', async () => {
    const { a, b } = await cutOff();
    expect(await b.uploads.begin(task, client, announced)).toEqual(anew);
    expect(a.uploads.openCount).toBe(1);
  });

  it('begins anew with other bytes, and the ones before go', async () => {
    const { a, b } = await cutOff();
    const other = { ...announced, sha256: sha256Hex(frame.map((byte) => byte ^ 1)) };
    expect(await b.uploads.begin(task, client, other, true)).toEqual(anew);
    await vi.waitFor(() => expect(a.files()).toEqual([]), { timeout: 20_000 });
  });

  it('P27: that was complete there is waited for, and gets its receipt', async () => {
    const { a, b } = await cutOff();
    for (const index of [1, 3]) await a.chunk(index);
    let go = (): void => {};
    coordinator.gate = new Promise((resolve) => {
      go = resolve;
    });
    const ended = a.uploads.end(task, client, token);
    const begun = b.uploads.begin(task, client, announced, true);
    await vi.waitFor(() => expect(coordinator.named('report')).toHaveLength(1), { timeout: 20_000 });
    go();
    expect(await ended).toMatchObject({ ok: true, receipt: { updateId } });
    expect(await begun).toMatchObject({ ok: true, received: [], receipt: { updateId } });
    expect([b.files(), b.uploads.openCount]).toEqual([[], 0]);
  });

  it('whose round ends on the way is refused, and nothing of it stays', async () => {
    const { a, b } = await cutOff();
    const chunk = moving.chunk.bind(moving);
    moving.chunk = async (...which) => {
      b.uploads.roundEnded(task, 1, () => 'late');
      return chunk(...which);
    };
    expect(await b.uploads.begin(task, client, announced, true)).toMatchObject({ ok: false, reason: 'late' });
    expect([a.files(), b.files(), moving.reports.size]).toEqual([[], [], 0]);
  });

  it('P20: of a client that withdraws nothing is left at any of them', async () => {
    const { a, b } = await cutOff();
    await b.moves.forget(task, client);
    expect([a.files(), a.uploads.openCount]).toEqual([[], 0]);
  });

  it('threat C8: however many come over at once, they are given one after the other', async () => {
    const [a, b] = [start('a'), start('b')];
    const clients = Array.from({ length: 20 }, (_, at) => (at + 1).toString(16).padStart(32, '0'));
    for (const name of clients) coordinator.assign(name as ClientId, name as AssignmentToken);
    const begins = clients.map((name) => [name as ClientId, { ...announced, token: name as AssignmentToken }] as const);
    for (const [name, begin] of begins) {
      await a.uploads.begin(task, name, begin);
      const message = { token: begin.token, index: 3, crc32: crc32(chunkAt(frame, 3)) };
      expect(await a.uploads.chunk(task, name, message, chunkAt(frame, 3))).toEqual({ ok: true });
    }
    let [now, most] = [0, 0];
    const leave = moving.leave.bind(moving);
    moving.leave = async (...report) => {
      now += 1;
      most = Math.max(most, now);
      await leave(...report);
      now -= 1;
    };
    const answers = await Promise.all(begins.map(([name, begin]) => b.uploads.begin(task, name, begin, true)));
    expect(answers).toEqual(answers.map(() => ({ ok: true, received: [3], receipt: null })));
    expect([most, a.uploads.openCount, a.files().length, moving.reports.size]).toEqual([1, 0, 0, 0]);
  });
});
