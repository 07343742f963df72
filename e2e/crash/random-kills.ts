import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TaskId } from '../../shared/ids.ts';
import { type Rng, seededRng } from '../../shared/rng.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { Contributors } from './contributors.ts';
import { History, Violation } from './history.ts';
import { Gate, oneHotTask } from './one-hot.ts';

export interface RandomKillsOptions {
  readonly kills: number;
  readonly seed: number;
  readonly say?: (line: string) => void;
}

export interface RandomKills {
  readonly kills: number;
  /** After which something was acknowledged and the version was still the one before. */
  readonly betweenAckAndCommit: number;
  readonly committed: number;
  readonly acknowledged: number;
  readonly counted: number;
  /** From the start of a killed server to the commit of its round, at most. */
  readonly longestMs: number;
}

const CONTRIBUTORS = 4;
const EVERYBODY = Array.from({ length: CONTRIBUTORS }, (_, cell) => cell);
/** That something comes at all is asserted, not how soon: the machine may be busy with other things. */
const WITHIN_MS = 180_000;
const SAY_EVERY = 50;
const task = oneHotTask(CONTRIBUTORS);

/** When the server dies: so many reports are acknowledged and the others held back, or all are let go; and so long after. */
interface Moment {
  readonly acks: number | 'all';
  readonly afterMs: number;
}

/** Every third time everybody reports at once: then it dies as it takes reports, or commits, or has begun the next round. */
function momentOf(at: number, rng: Rng): Moment {
  return at % 3 === 2
    ? { acks: 'all', afterMs: rng.below(60) }
    : { acks: 1 + rng.below(CONTRIBUTORS - 1), afterMs: rng.below(20) };
}

/**
 * A server on SQLite with one task is killed in the middle of rounds, over and over, on one data folder. Throws at the first
 * version that is lost, report that is acknowledged and not counted, cell that counts twice or is of nobody, and round that
 * does not commit after the restart: I1 to I4 and I7.
 */
export async function randomKills({ kills, seed, say = () => {} }: RandomKillsOptions): Promise<RandomKills> {
  const rng = seededRng(seed);
  const dataFolder = mkdtempSync(join(tmpdir(), 'fedtab-crash-'));
  let server: RunningServer = await startServer({ dataFolder, startMs: WITHIN_MS });
  const { port, url } = server;
  const gate = new Gate();
  const contributors = new Contributors(url, task.id as TaskId, CONTRIBUTORS, gate);
  const history = new History();
  let [betweenAckAndCommit, longestMs] = [0, 0];

  async function killedAt({ acks, afterMs }: Moment): Promise<void> {
    await contributors.until(() => contributors.roundOfAll() !== null, 'everybody trains in one round', WITHIN_MS);
    const round = contributors.roundOfAll() ?? 0;
    const before = await server.adminJson<{ version: number }>(`/api/tasks/${task.id}`);
    gate.open(round, acks === 'all' ? EVERYBODY : EVERYBODY.slice(0, acks));
    if (acks !== 'all')
      await contributors.until(() => contributors.acksOf(round).size >= acks, 'the first acks', WITHIN_MS);
    await delay(afterMs);
    await server.kill();
    const isAcknowledged = contributors.acksOf(round).size > 0;

    const restartedAt = performance.now();
    server = await startServer({ dataFolder, port, startMs: WITHIN_MS });
    const version = await history.readCurrent(server, task.id);
    if (version < before.version) throw new Violation(`version ${before.version} is gone: ${version} is current`);
    if (isAcknowledged && version === before.version) betweenAckAndCommit++;
    gate.open(round, EVERYBODY);
    await contributors.until(
      () => contributors.clients.every((client) => (client.view().version ?? 0) > before.version),
      'the round commits',
      WITHIN_MS,
    );
    longestMs = Math.max(longestMs, Math.round(performance.now() - restartedAt));
    await history.read(server, task.id);
    history.holds(contributors.acknowledged);
    if (!history.committed.has(round)) throw new Violation(`round ${round} has not committed`);
  }

  try {
    await server.adminJson('/api/tasks', { body: task });
    await contributors.start();
    await server.adminJson(`/api/tasks/${task.id}/rounds`, { body: { count: 100_000 } });
    for (let at = 0; at < kills; at++) {
      await killedAt(momentOf(at, rng));
      if ((at + 1) % SAY_EVERY === 0)
        say(`${at + 1} kills, ${betweenAckAndCommit} between the first ack and the commit`);
    }
    const rounds = [...history.committed.values()];
    return {
      ...{ kills, betweenAckAndCommit, committed: rounds.length, longestMs },
      acknowledged: rounds.reduce((sum, { number }) => sum + contributors.acksOf(number).size, 0),
      counted: rounds.reduce((sum, { cells }) => sum + cells.size, 0),
    };
  } catch (error) {
    console.error(server.log().slice(-4_000));
    throw error;
  } finally {
    await contributors.close();
    await server.kill();
    await rm(dataFolder, { recursive: true, force: true });
  }
}
