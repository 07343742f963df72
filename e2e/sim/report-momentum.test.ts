import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { Population } from './population.ts';
import { deltaTrainer } from './trainers.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.dispose());

/** Each contributor's changes, round by round, the same in every value; the server takes none as large as the second of the other. */
const CHANGES = [
  [0.01, 0.03, 0.01, 0.01],
  [0.03, 1e6, 0.03, 0.03],
];

it('P54 momentum of reports over sockets: versions move by the averages of the changes that were accepted', async () => {
  const task = 'averaged' as TaskId;
  await server.adminJson('/api/tasks', {
    body: {
      ...{ template: 'digits', id: task, model: { zoo: 'softmax', seed: 1 }, guard: { drop: 1 } },
      client: { reportMomentum: 0.5 },
      rounds: { goal: 2, minimum: 1 },
    },
  });
  /** The first weight of each version that a contributor trained from. */
  const firsts: number[][] = [[], []];
  const population = new Population({
    ...{ server: server.url, task, count: 2, backend: 'cpu' },
    trainer: (index) =>
      deltaTrainer((size, _, params) => {
        const seen = firsts[index] as number[];
        return new Float32Array(size).fill(CHANGES[index]?.[seen.push(params[0] as number) - 1] as number);
      }),
  });
  try {
    await population.start();
    await server.adminJson(`/api/tasks/${task}/rounds`, { body: { count: 4 } });
    await population.until(() => firsts.every((seen) => seen.length === 4), 'everybody trained four times');
  } finally {
    await population.close();
  }
  expect(firsts[1]).toEqual(firsts[0]);
  const moved = (firsts[0] as number[]).slice(1).map((first, at) => first - (firsts[0]?.[at] as number));
  // β = ½. The second round has one report: (0.03 + ½ · 0.01) / 1½. In the third the other's first change is two versions old.
  const second = 0.035 / 1.5;
  const third = [(0.01 + 0.75 * second) / 1.75, (0.03 + 0.25 * 0.03) / 1.25] as const;
  expect(moved).toEqual([0.02, second, (third[0] + third[1]) / 2].map((value) => expect.closeTo(value, 6)));
});
