import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TaskId, UpdateId } from '../../../shared/ids.ts';
import type { ProcessId } from '../../cluster/bus.ts';
import { fileSpool } from '../../storage/blobs/spool.ts';
import { startArithmetic } from '../arithmetic.ts';
import { frameOf, THREE } from '../fixtures/frames.ts';
import { TASK } from '../fixtures/rig.ts';
import type { Arithmetic } from '../port.ts';
import type { ListedReport, SharedRound } from '../sums-elsewhere.ts';
import { HeldReports } from './held-reports.ts';

let folder: string;
let thread: Arithmetic;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fedtab-held-'));
  for (const name of ['blobs', 'spool']) await mkdir(join(folder, name));
  thread = startArithmetic({ kind: 'folder', folder: join(folder, 'blobs') });
});
afterEach(async () => {
  await thread.close();
  await rm(folder, { recursive: true });
});

test('sums are made beforehand while there is room for them, the others when they are asked for and let go of then', async () => {
  const spool = fileSpool(join(folder, 'spool'));
  const open = new Set<string>();
  const folds = new Map<string, number>();
  let most = 0;
  const arithmetic: Pick<Arithmetic, 'begin' | 'fold' | 'save' | 'drop'> = {
    async begin(key, fold, values) {
      await thread.begin(key, fold, values);
      open.add(key);
      most = Math.max(most, open.size);
    },
    async fold(key, ...args) {
      await thread.fold(key, ...args);
      folds.set(key, (folds.get(key) ?? 0) + 1);
    },
    save: (...args) => thread.save(...args),
    async drop(key) {
      await thread.drop(key);
      open.delete(key);
    },
  };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  // Room for the sums of one task: three values of eight bytes.
  const held = new HeldReports({ self: 'b' as ProcessId, spool, arithmetic, log, roomBytes: 24 });

  const roundOf = (task: number): SharedRound => ({
    ...{
      task: `task-${task}` as TaskId,
      number: 1,
      place: 1,
      fold: { strategy: TASK.strategy, client: TASK.client },
      expected: THREE,
    },
  });
  async function reported(task: number, name = String(task)): Promise<ListedReport> {
    const { frame, sha256 } = frameOf({ delta: [task, 2, 3], examples: 2 });
    const updateId = name.repeat(32) as UpdateId;
    const writer = await spool.open(roundOf(task).task, 1, updateId, frame.byteLength);
    await writer.write(0, frame);
    await writer.finish();
    const report = { updateId, sha256, baseSha256: THREE.baseSha256, staleness: 0 };
    held.fold(roundOf(task), report);
    return report;
  }
  async function sumOf(task: number, report: ListedReport): Promise<readonly number[]> {
    const answer = await held.sum('a' as ProcessId, roundOf(task), [report]);
    if (!answer.ok) throw new Error(answer.reason);
    const { buffer } = new Uint8Array(await readFile(spool.path(roundOf(task).task, 1, answer.name)));
    return [...new Float64Array(buffer)];
  }

  const reports = [await reported(1), await reported(2), await reported(3)] as const;
  // All at once.
  expect(await Promise.all(reports.map((report, index) => sumOf(index + 1, report)))).toEqual([
    [2, 4, 6],
    [4, 4, 6],
    [6, 4, 6],
  ]);
  // The first one's stays, and beside it there was one at a time.
  expect([...open]).toEqual(['b/task-1/1/1']);
  expect(most).toBe(2);

  // What is over makes room.
  await held.end('task-1' as TaskId);
  await reported(4);
  expect(await sumOf(4, await reported(4))).toEqual([8, 4, 6]);
  expect([...open]).toEqual(['b/task-4/1/4']);

  // So does what had come before there was room.
  const early = await reported(5);
  await held.end('task-4' as TaskId);
  const both = [early, await reported(5, 'f')] as const;
  const answer = await held.sum('a' as ProcessId, roundOf(5), both);
  if (!answer.ok) throw new Error(answer.reason);
  expect(folds.get([...open].join())).toBe(2);
});

test('a round of the same number that takes the place of another has a sum of its own', async () => {
  const spool = fileSpool(join(folder, 'spool'));
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const held = new HeldReports({ self: 'b' as ProcessId, spool, arithmetic: thread, log });
  const task = 'a-task' as TaskId;
  const fold = { strategy: TASK.strategy, client: TASK.client };
  async function reported(place: number, delta: readonly number[]): Promise<readonly [SharedRound, ListedReport]> {
    const round = { task, number: 1, place, fold, expected: THREE };
    const { frame, sha256 } = frameOf({ delta: [...delta], examples: 2 });
    const updateId = String(place).repeat(32) as UpdateId;
    const writer = await spool.open(task, place, updateId, frame.byteLength);
    await writer.write(0, frame);
    await writer.finish();
    return [round, { updateId, sha256, baseSha256: THREE.baseSha256, staleness: 0 }];
  }
  const earlier = await reported(1, [1, 2, 3]);
  const later = await reported(2, [5, 6, 7]);
  held.fold(...earlier);
  // The aggregate of the earlier one is let go of while that of the later one is made.
  held.fold(...later);
  const answer = await held.sum('a' as ProcessId, later[0], [later[1]]);
  if (!answer.ok) throw new Error(answer.reason);
  const { buffer } = new Uint8Array(await readFile(spool.path(task, 2, answer.name)));
  expect([...new Float64Array(buffer)]).toEqual([10, 12, 14]);
});
