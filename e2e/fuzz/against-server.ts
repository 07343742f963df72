import type { RunningServer } from '../fixtures/server.ts';
import { Contributor } from './contributor.ts';
import { watchedServer } from './fuzzed-server.ts';
import { type FuzzFigures, type FuzzOptions, fuzzInLanes, LANES } from './in-lanes.ts';
import { type ContributorState, script } from './steps.ts';

const BUFFERED = { kind: 'buffered', size: 1, maximumStaleness: 10, concurrency: 4 };
export const taskOf = (lane: number): string => `fuzzed-${lane}`;

/** Sends scripts of right and wrong messages in every state to a real server in a process of its own. */
export const fuzzServer = (options: FuzzOptions): Promise<FuzzFigures<ContributorState>> =>
  fuzzInLanes(
    {
      start: fuzzedServer,
      newcomersTask: taskOf(0),
      script,
      async play(server, lane, { start, steps }, note) {
        await keepRunning(server, taskOf(lane));
        const contributor = new Contributor(server.url, taskOf(lane), note);
        try {
          await contributor.advance(start);
          for (const step of steps) await contributor.take(step);
          await contributor.settle();
        } finally {
          contributor.close();
        }
        return contributor.messages;
      },
    },
    options,
  );

/** A watched server with a task for each lane. */
export async function fuzzedServer(): Promise<RunningServer> {
  const server = await watchedServer();
  for (let lane = 0; lane < LANES; lane++)
    await server.adminJson('/api/tasks', {
      body: {
        ...{ template: 'seed-dense', id: taskOf(lane) },
        // Other labels than the samples have: versions are not scored, which is another part's work.
        data: { labels: Array.from('abcdefghij') },
        rounds: { goal: 1, minimum: 1, overSelection: 1, selectionDeadlineMs: 5_000, reportingDeadlineMs: 5_000 },
        ...(lane % 2 === 0 ? {} : { strategy: { name: 'fedbuff', schedule: BUFFERED } }),
      },
    });
  return server;
}

/** Rounds that nobody comes to make a task rest, then pause; and what was asked for is used up one day. */
async function keepRunning(server: RunningServer, task: string): Promise<void> {
  const post = (path: string, body?: object) => server.admin(`/api/tasks/${task}/${path}`, { method: 'POST', body });
  await post('pause');
  if (!(await post('resume')).ok) await post('rounds', { count: 100_000 });
}
