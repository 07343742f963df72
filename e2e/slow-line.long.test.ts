import { afterAll, expect, it } from 'vitest';
import type { TaskId } from '../shared/ids.ts';
import { oneHotModel, oneHotTrainer } from './crash/one-hot.ts';
import { type RunningServer, startServer } from './fixtures/server.ts';
import { slowLine } from './fixtures/slow-line.ts';
import { Population } from './sim/population.ts';

let server: RunningServer | undefined;
afterAll(() => server?.dispose());

/** Weights and reports of 265 kB: a whole chunk, and 38 s each way. */
const SIDE = 182;
/** About 120 s, or 230 where the first part is lost: its broadcast keeps the pings waiting. */
const WITHIN_MS = 480_000;

it(
  'over 56 kbit/s with 2 s of delay a contributor takes part: its first part may be lost, its second is counted',
  async () => {
    server = await startServer();
    const rounds = { goal: 1, minimum: 1, selectionDeadlineMs: 600_000, reportingDeadlineMs: 300_000 };
    const task = { template: 'digits', id: 'slow', ...oneHotModel(SIDE), strategy: { weighting: 'uniform' }, rounds };
    await server.adminJson('/api/tasks', { body: task });
    await server.adminJson('/api/tasks/slow/rounds', { body: { count: 1 } });
    const line = await slowLine(server.port, { bytesPerSecond: 7_000, delayMs: 2_000 });
    const population = new Population({
      ...{ server: line.url, task: 'slow' as TaskId, count: 1 },
      trainer: (cell) => oneHotTrainer(cell, async () => {}),
    });
    try {
      void population.start();
      const [client] = population.clients;
      await population.until(() => client?.view().counted === 1, 'a report is counted', WITHIN_MS);
      const ended = await server.adminJson<{ outcome: string; dropped: number }[]>('/api/tasks/slow/rounds');
      expect(ended.filter(({ outcome }) => outcome === 'committed')).toHaveLength(1);
      expect(ended.length).toBeLessThanOrEqual(2);
    } finally {
      await population.close();
      line.close();
    }
  },
  WITHIN_MS + 60_000,
);
