import { expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/hash.ts';
import type { TaskId } from '../../../shared/ids.ts';
import type { TaskRow } from '../../storage/port.ts';
import { TASK } from '../fixtures/rig.ts';
import { KnownTasks, type Picture } from './known-tasks.ts';

const ROW: TaskRow = {
  ...{ spec: TASK, state: 'running', roundsLeft: 1, evaluationWanted: false, pausedReason: null, abandonedInARow: 0 },
  ...{ createdAt: 1, archivedAt: null, version: 0, sha256: sha256Hex(new Uint8Array(4)) },
};

test('a picture of a task that was not read yet is shown once it is, the newest of them', async () => {
  const { spec: _, ...row } = ROW;
  const pictureOf = (version: number): Picture => ({
    row: { ...row, version },
    status: { state: 'running', version, sha256: row.sha256, metrics: null, online: 0, roundsLeft: 1, round: null },
    ...{ control: null, contributors: { shown: [], count: 0 } },
  });
  let found: readonly TaskRow[] = [];
  const known = new KnownTasks({
    ...{ tasks: { list: async () => [...found] }, hasSamples: () => true, gone: () => {}, forgotten: () => {} },
  });
  const read = known.reload();
  expect([known.show(TASK.id, pictureOf(1)), known.show(TASK.id, pictureOf(2))]).toEqual([false, false]);
  found = [ROW];
  await Promise.all([read, known.reload()]);
  expect(known.row(TASK.id)).toEqual({ ...ROW, version: 2 });
  expect(known.picture(TASK.id)?.status.version).toBe(2);
  found = [{ ...ROW, createdAt: 2 }];
  await known.reload();
  expect([known.picture(TASK.id), known.show(TASK.id, pictureOf(3))]).toEqual([undefined, false]);
  await known.reload();
  expect(known.picture(TASK.id)).toBe(undefined);
});

test('a task made anew under an old name is another: what was known of the old one is forgotten', () => {
  const forgotten: TaskId[] = [];
  const known = new KnownTasks({
    ...{ tasks: { list: async () => [] }, hasSamples: () => true, gone: () => {} },
    forgotten: (task) => void forgotten.push(task),
  });
  known.learn(ROW);
  known.learn({ ...ROW, version: 2 });
  expect(forgotten).toEqual([]);
  known.learn({ ...ROW, createdAt: 2 });
  expect([forgotten, known.has(TASK.id)]).toEqual([[TASK.id], true]);
});
