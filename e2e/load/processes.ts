import { seconds, whole } from '../bench/table.ts';
import { scoredCheckpoint } from '../demo/waiting.ts';
import type { RunningServer } from '../fixtures/server.ts';
import { House } from '../processes/house.ts';
import { Crowd } from './crowd.ts';
import { type Figure, figure } from './figure.ts';
import { megabyteTask } from './round.ts';
import {
  askForDescriptors,
  closeStage,
  cpuMsOf,
  endedRound,
  type LoadOptions,
  openStage,
  type Stage,
} from './stage.ts';

const ROUND_MS = 600_000;
const JOINS_PER_SECOND = 300;
/** As many for each count of processes; a third of a thousand says the same in a third of the time. */
const REPORTERS = 300;
const ENV = { FEDTAB_MAX_PER_ADDRESS: '1000000' };

/** Committed reports a second of one process on SQLite, and of one, two and three on PostgreSQL and Redis. */
export async function processes(
  { reporters: asked }: LoadOptions,
  say: (line: string) => void,
): Promise<readonly Figure[]> {
  const reporters = Math.min(asked, REPORTERS);
  askForDescriptors(4 * reporters);
  const task = megabyteTask('megabyte', reporters);
  const figures: Figure[] = [figure('contributors, a megabyte up of each', reporters, whole)];
  const add = (what: string, { tookMs, cpuMs, homeMs }: Outcome): void => {
    say(`${what}: ${(tookMs / 1_000).toFixed(1)} s`);
    figures.push(
      figure(`${what}: reports committed a second`, (1_000 * reporters) / tookMs, (value) => value.toFixed(1)),
      figure('… processor time of the servers', cpuMs, seconds),
    );
    if (homeMs !== cpuMs) figures.push(figure('… of which of the one that has the task', homeMs, seconds));
  };

  const stage = await openStage(task, { nodeArgs: [] });
  try {
    stage.crowd.join(stage.target, reporters, JOINS_PER_SECOND);
    await stage.crowd.until('everybody is there', 120_000, ({ available }) => available === reporters);
    add('one process on SQLite', await oneRound(stage, [stage.server]));
  } finally {
    await closeStage(stage);
  }
  for (const count of [1, 2, 3]) {
    const house = await House.open({ count, env: ENV });
    const crowds = house.running().map(() => new Crowd());
    try {
      const [server] = house.running();
      if (server === undefined) throw new Error('no process runs');
      const path = `/api/tasks/${task.id}`;
      await server.adminJson('/api/tasks', { body: task });
      await scoredCheckpoint(server.adminJson, path, 0);
      for (const [at, { port }] of house.running().entries()) {
        const share = Math.floor((reporters * (at + 1)) / count) - Math.floor((reporters * at) / count);
        crowds[at]?.join({ host: '127.0.0.1', port, task: task.id }, share, JOINS_PER_SECOND);
        await crowds[at]?.until('everybody is there', 120_000, ({ available }) => available === share);
      }
      add(`${count} on PostgreSQL and Redis`, await oneRound({ server, path }, house.running()));
    } finally {
      for (const crowd of crowds) await crowd.close();
      await house.dispose();
    }
  }
  return figures;
}

interface Outcome {
  readonly tookMs: number;
  readonly cpuMs: number;
  /** Of the first, which has the task. */
  readonly homeMs: number;
}

async function oneRound(stage: Pick<Stage, 'server' | 'path'>, servers: readonly RunningServer[]): Promise<Outcome> {
  const cpu = () => Promise.all(servers.map(cpuMsOf));
  const before = await cpu();
  await stage.server.adminJson(`${stage.path}/rounds`, { body: { count: 1 } });
  const { startedAt, endedAt } = await endedRound(stage, 1, ROUND_MS);
  const each = (await cpu()).map((after, at) => after - (before[at] ?? 0));
  const cpuMs = each.reduce((sum, one) => sum + one);
  return { tookMs: Date.parse(endedAt) - Date.parse(startedAt), cpuMs, homeMs: each[0] ?? 0 };
}
