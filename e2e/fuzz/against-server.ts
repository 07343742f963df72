import fc from 'fast-check';
import { join } from '../conformance/minimal-client.ts';
import { ASKED_FOR_MEMORY, heldBytes } from '../fixtures/held-memory.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { Contributor } from './contributor.ts';
import { findingOf } from './finding.ts';
import { type ContributorState, script } from './steps.ts';

/** Scripts that are played at a time, each in a task of its own: what one waits for, another does not. */
const LANES = 16;
const scripts = fc.noBias(fc.array(script, { minLength: 1, maxLength: LANES, size: 'max' }));
const BUFFERED = { kind: 'buffered', size: 1, maximumStaleness: 10, concurrency: 4 };
export const taskOf = (lane: number): string => `fuzzed-${lane}`;
/** Runs before memory is looked at the first time: tables and caches have their usual size then. */
const WARM_UP_RUNS = 4;
const SETTLED_MS = 60_000;
const NOTED_MS = 20;

export interface FuzzOptions {
  readonly seed: number;
  readonly runs: number;
  /** Of a failure that was found before, in fast-check's words. */
  readonly path?: string | undefined;
  readonly say?: (line: string) => void;
}

export interface FuzzFigures {
  readonly messages: number;
  readonly runs: number;
  /** Steps that were taken in each state. */
  readonly seen: Readonly<Partial<Record<ContributorState, number>>>;
  /** What was found, with the seed and path to find it again; null: nothing. */
  readonly failure: string | null;
  readonly heldBeforeBytes: number;
  readonly heldAfterBytes: number;
  /** Work of the server's main thread between two ticks of a timer: the longest above 20 ms, and how many above 50 ms. */
  readonly longestTurnMs: number;
  readonly longTurns: number;
}

/** Sends scripts of right and wrong messages in every state to a real server in a process of its own. */
export async function fuzzServer({ seed, runs, path, say = () => {} }: FuzzOptions): Promise<FuzzFigures> {
  let server = await fuzzedServer();
  let messages = 0;
  let done = 0;
  let heldBeforeBytes = 0;
  let warmLogLength = 0;
  const seen = new Map<ContributorState, number>();
  const property = fc.asyncProperty(scripts, async (lanes) => {
    if (!(await answers(server))) {
      await server.dispose();
      server = await fuzzedServer();
    }
    const logFrom = server.log().length;
    await Promise.all(
      lanes.map(async ({ start, steps }, lane) => {
        await keepRunning(server, taskOf(lane));
        const contributor = new Contributor(server.url, taskOf(lane), (state) =>
          seen.set(state, (seen.get(state) ?? 0) + 1),
        );
        try {
          await contributor.advance(start);
          for (const step of steps) await contributor.take(step);
          await contributor.settle();
        } finally {
          contributor.close();
          messages += contributor.messages;
        }
      }),
    );
    await mustBeWell(server, logFrom);
    done += 1;
    if (done === WARM_UP_RUNS) {
      heldBeforeBytes = await heldBytes(server);
      warmLogLength = server.log().length;
    }
    if (done % 20 === 0) say(`${done} runs, ${messages} messages`);
  });
  const found = await fc.check(property, {
    ...{ seed, numRuns: runs, endOnFailure: false },
    ...(path === undefined ? {} : { path }),
  });
  const heldAfterBytes = await settledBytes(server, heldBeforeBytes);
  const turns = [
    ...server
      .log()
      .slice(warmLogLength)
      .matchAll(/^worked (\d+)$/gm),
  ].map(([, ms]) => Number(ms));
  await server.dispose();
  return {
    ...{ messages, runs: done, seen: Object.fromEntries(seen), heldBeforeBytes, heldAfterBytes },
    longestTurnMs: Math.max(0, ...turns),
    longTurns: turns.filter((ms) => ms > 50).length,
    failure: findingOf(found),
  };
}

/**
 * Says how long its main thread worked between two ticks of a timer, where that was long: the time that it was on a processor,
 * which Linux counts, and not the time that passed, in which others work too. It is at least what the longest handler took.
 */
const watching = `import { readFileSync } from 'node:fs';
const workedMs = () => Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e6;
let last = workedMs();
// Nobody listens any more: whoever fuzzes is gone.
process.stderr.on('error', () => process.exit(1));
setInterval(() => {
  const now = workedMs();
  if (now - last > ${NOTED_MS}) console.error('worked ' + Math.round(now - last));
  last = now;
}, 5).unref()`;

/** A server with a task for each lane, which tells the memory that it holds and how long its turns take. */
export async function fuzzedServer(): Promise<RunningServer> {
  const server = await startServer({
    nodeArgs: [...ASKED_FOR_MEMORY, '--import', `data:text/javascript,${encodeURIComponent(watching)}`],
    env: { FEDTAB_MAX_PER_ADDRESS: '1000000', FEDTAB_LOG: 'error' },
  });
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

const answers = (server: RunningServer): Promise<boolean> =>
  fetch(`${server.url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );

/** The process is there, takes a newcomer, and has logged no fault of its own. */
async function mustBeWell(server: RunningServer, logFrom: number): Promise<void> {
  const { socket } = await join(server.url, taskOf(0));
  const answer = (await socket.timeout(20_000).emitWithAck('check-out', {})) as { readonly ok: boolean };
  socket.disconnect();
  if (!answer.ok) throw new Error(`a newcomer is not served: ${JSON.stringify(answer)}`);
  const faults = server
    .log()
    .slice(logFrom)
    .split('\n')
    .filter((line) => /"level":"(error|fatal)"|^\(node:|UnhandledPromise/.test(line));
  if (faults.length > 0) throw new Error(`the server logged a fault: ${faults.slice(0, 3).join('\n')}`);
}

/** What it holds once the last sockets are gone and the last round is over, or after a minute. */
async function settledBytes(server: RunningServer, wantedBytes: number): Promise<number> {
  const until = performance.now() + SETTLED_MS;
  for (;;) {
    const held = await heldBytes(server);
    if (held <= 1.05 * wantedBytes || performance.now() > until) return held;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}
