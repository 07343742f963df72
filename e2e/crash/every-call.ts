import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../server/cluster/fixtures/free-port.ts';
import type { TaskId } from '../../shared/ids.ts';
import { seededRng } from '../../shared/rng.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { Contributors } from './contributors.ts';
import { History } from './history.ts';
import { Gate, oneHotTask } from './one-hot.ts';

/**
 * System calls that change the data folder. Each thread of the server has its own count; with one thread for files, as the
 * server is started here, and one for the database, the n-th of each is the same in every run, or nearly so. What writes
 * into blobs is left out, `write`, which is also how threads wake each other: a kill between the renames of two blobs leaves the same.
 */
export const CALLS = ['pwrite64', 'fsync', 'rename', 'mkdir', 'unlink', 'ftruncate'] as const;
export type Call = (typeof CALLS)[number];

/** What becomes of the call: the server is killed as it enters it, or the call fails with this error. */
export type CallFault = 'kill' | 'EIO' | 'ENOSPC';

export interface EveryCallOptions {
  /** 1: every call; 10: every tenth, which ones the seed says. */
  readonly step: number;
  readonly seed: number;
  /** From a folder that is empty: the migrations and the task, too. Else from one that has both. */
  readonly isFromNothing: boolean;
  readonly calls?: readonly Call[];
  readonly fault?: CallFault;
  /** Of each call, at most. */
  readonly most?: number;
  readonly say?: (line: string) => void;
}

export interface EveryCall {
  /** Or calls that failed. */
  readonly faults: Readonly<Record<Call, number>>;
  /** Kills in which the round had been acknowledged to somebody, and was not committed. */
  readonly betweenAckAndCommit: number;
}

export const CONTRIBUTORS = 3;
const oneHot = oneHotTask(CONTRIBUTORS);
const HOUR_MS = 3_600_000;
/** Its deadlines do not come, however long after its end a folder is looked at. */
export const task = {
  ...oneHot,
  rounds: { ...oneHot.rounds, selectionDeadlineMs: HOUR_MS, reportingDeadlineMs: HOUR_MS },
};
const path = `/api/tasks/${task.id}`;
const WITHIN_MS = 60_000;
const ROUNDS = 20;

/** Why this cannot be done here, or null. */
export function straceProblem(): string | null {
  if (process.platform !== 'linux') return 'strace is of Linux';
  const { status } = spawnSync('strace', ['-qq', '-e', 'trace=none', process.execPath, '--version'], {
    stdio: 'ignore',
  });
  return status === 0 ? null : 'strace is not here, or may not trace';
}

/**
 * The server is killed as it enters the n-th of each call, or that call fails, for n = 1, 2, … until it gets through a round without;
 * each time it starts again, and what it had acknowledged must be counted, once.
 */
export async function faultAtEveryCall(options: EveryCallOptions): Promise<EveryCall> {
  const {
    step,
    seed,
    isFromNothing,
    calls = CALLS,
    fault = 'kill',
    most = Number.POSITIVE_INFINITY,
    say = () => {},
  } = options;
  const rng = seededRng(seed);
  const faults = Object.fromEntries(CALLS.map((call) => [call, 0])) as Record<Call, number>;
  const faultAt = fault === 'kill' ? killedAt : failedWith(fault);
  let betweenAckAndCommit = 0;
  const prepared = await prepare(isFromNothing);
  try {
    for (const call of calls) {
      for (let number = 1 + rng.below(step); faults[call] < most; number += step) {
        const end = await faultAt(call, number, prepared).catch((error: unknown) => {
          throw new Error(
            `${fault} at ${call} ${number} (seed ${seed}): ${error instanceof Error ? error.message : String(error)}`,
            { cause: error },
          );
        });
        if (end === 'survived') break;
        faults[call] += 1;
        if (end === 'between') betweenAckAndCommit += 1;
      }
      say(`${call}: ${faults[call]} times`);
    }
  } finally {
    await rm(prepared, { recursive: true, force: true });
  }
  return { faults, betweenAckAndCommit };
}

async function prepare(isFromNothing: boolean): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-every-call-'));
  if (isFromNothing) return folder;
  const server = await startServer({ dataFolder: folder });
  await server.adminJson('/api/tasks', { body: task });
  await server.stop();
  return folder;
}

/** A copy of the prepared folder, an address that contributors come back to, and contributors who report as soon as they can. */
async function scene(prepared: string) {
  const dataFolder = mkdtempSync(join(tmpdir(), 'fedtab-every-call-'));
  await cp(prepared, dataFolder, { recursive: true });
  const port = await freePort();
  const gate = new Gate();
  for (let round = 1; round <= ROUNDS; round++)
    gate.open(
      round,
      Array.from({ length: CONTRIBUTORS }, (_, cell) => cell),
    );
  const contributors = new Contributors(`http://127.0.0.1:${port}`, task.id as TaskId, CONTRIBUTORS, gate);
  return { dataFolder, port, contributors };
}

/** Starts it with this done to a call; null where it does not get up. */
function startInjected(call: Call, inject: string, dataFolder: string, port: number, log: string) {
  const given = ['-f', '-qq', '-e', `trace=${call}`, '-e', `inject=${call}:${inject}`, '-o', log];
  const env = { UV_THREADPOOL_SIZE: '1' };
  return startServer({ dataFolder, port, under: ['strace', ...given], env }).catch(() => null);
}

async function killedAt(call: Call, number: number, prepared: string): Promise<'survived' | 'killed' | 'between'> {
  const { dataFolder, port, contributors } = await scene(prepared);
  let server: RunningServer | null = null;
  try {
    const first = await startInjected(call, `signal=SIGKILL:when=${number}`, dataFolder, port, '/dev/null');
    if (first !== null && (await getsThrough(first, contributors))) return 'survived';
    const acknowledged = contributors.acknowledged.size > 0;

    server = await startServer({ dataFolder, port });
    const history = new History();
    const before = await versionOf(server);
    if (before > 0) await history.readCurrent(server, task.id);
    await firstRound(server, contributors);
    await history.read(server, task.id);
    history.holds(contributors.acknowledged);
    if (history.committed.size === 0) throw new Error('no round has committed');
    return acknowledged && before === 0 ? 'between' : 'killed';
  } finally {
    await contributors.close();
    await server?.kill();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

/**
 * The call fails once in each thread that gets so far. The server may refuse to start, refuse what it cannot keep, or give up the
 * round and make it again; it goes on without a restart, and what it acknowledged is there after a SIGKILL, too.
 */
const failedWith =
  (error: Exclude<CallFault, 'kill'>) =>
  async (call: Call, number: number, prepared: string): Promise<'survived' | 'failed'> => {
    const { dataFolder, port, contributors } = await scene(prepared);
    const log = `${dataFolder}.strace`;
    const history = new History({ mayAbandon: true });
    let server: RunningServer | null = null;
    const check = async (running: RunningServer): Promise<void> => {
      // An order that the fault met is refused: whoever gave it gives it again.
      await askForRound(running).catch(() => {});
      await firstRound(running, contributors);
      await history.read(running, task.id);
      history.holds(contributors.acknowledged);
      if (history.committed.size === 0) throw new Error('no round has committed');
    };
    try {
      server = await startInjected(call, `error=${error}:when=${number}`, dataFolder, port, log);
      if (server !== null) {
        const { ended } = server;
        await Promise.race([check(server), ended.then(() => Promise.reject(new Error('the server has ended')))]);
        await server.kill();
      }
      if (!readFileSync(log, 'utf8').includes('(INJECTED)')) return 'survived';
      server = await startServer({ dataFolder, port });
      if ((await versionOf(server)) > 0) await history.readCurrent(server, task.id);
      await check(server);
      return 'failed';
    } finally {
      await contributors.close();
      await server?.kill();
      await Promise.all([dataFolder, log].map((path) => rm(path, { recursive: true, force: true })));
    }
  };

/** A round and an end in order; false where it is killed on the way. */
async function getsThrough(server: RunningServer, contributors: Contributors): Promise<boolean> {
  const ended = server.ended.then(() => false as const);
  // What a server that dies does to whoever asks it something is a rejection: then its end says why.
  const round = firstRound(server, contributors).then(
    () => true as const,
    () => ended,
  );
  return (await Promise.race([ended, round])) && (await server.stop()) === 0;
}

/** The contributors come, and the task's first round commits. */
export async function firstRound(server: RunningServer, contributors: Contributors): Promise<void> {
  await askForRound(server);
  await contributors.start();
  await contributors.until(
    () => contributors.clients.every((client) => (client.view().version ?? 0) > 0),
    'a version',
    WITHIN_MS,
  );
}

export async function versionOf({ admin }: RunningServer): Promise<number> {
  const answer = await admin(path);
  return answer.ok ? ((await answer.json()) as { version: number }).version : 0;
}

/** The task and one round, where they are not there yet. */
async function askForRound(server: RunningServer): Promise<void> {
  if ((await server.admin(path)).status === 404) await server.adminJson('/api/tasks', { body: task });
  const { version, roundsLeft } = await server.adminJson<{ version: number; roundsLeft: number }>(path);
  if (version === 0 && roundsLeft === 0) await server.adminJson(`${path}/rounds`, { body: { count: 1 } });
}
