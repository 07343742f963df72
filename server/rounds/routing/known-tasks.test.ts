import { expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/hash.ts';
import type { TaskId } from '../../../shared/ids.ts';
import type { TaskRow } from '../../storage/port.ts';
import { TASK } from '../fixtures/rig.ts';
import { KnownTasks } from './known-tasks.ts';

test('a task made anew under an old name is another: what was known of the old one is forgotten', () => {
  const forgotten: TaskId[] = [];
  const known = new KnownTasks({
    ...{ tasks: { list: async () => [] }, hasSamples: () => true, gone: () => {} },
    forgotten: (task) => void forgotten.push(task),
  });
  const row: TaskRow = {
    ...{ spec: TASK, state: 'running', roundsLeft: 1, evaluationWanted: false, pausedReason: null, abandonedInARow: 0 },
    ...{ createdAt: 1, archivedAt: null, version: 0, sha256: sha256Hex(new Uint8Array(4)) },
  };
  known.learn(row);
  known.learn({ ...row, version: 2 });
  expect(forgotten).toEqual([]);
  known.learn({ ...row, createdAt: 2 });
  expect([forgotten, known.has(TASK.id)]).toEqual([[TASK.id], true]);
});
