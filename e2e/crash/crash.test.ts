import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { seededRng } from '../../shared/rng.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { Contributors } from './contributors.ts';
import { History } from './history.ts';
import { Gate, oneHotTask } from './one-hot.ts';

const KILLS = 30;
const CONTRIBUTORS = 4;
const seed = Number(process.env.CRASH_SEED ?? 20_261_122);

const task = oneHotTask(CONTRIBUTORS);

/** When the server dies: with so many reports acknowledged and the others held back, or so long after all were let go. */
type Moment = { readonly acks: number; readonly afterMs: number } | { readonly all: true; readonly afterMs: number };

function moments(): Moment[] {
  const rng = seededRng(seed);
  return Array.from({ length: KILLS }, (_, at) =>
    at % 3 === 2
      ? { all: true, afterMs: rng.below(60) }
      : { acks: 1 + rng.below(CONTRIBUTORS - 1), afterMs: rng.below(20) },
  );
}

it(`I1 I2 I3 I4 I7: ${KILLS} SIGKILLs of a running task lose and double nothing (CRASH_SEED=${seed})`, async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'fedtab-crash-'));
  let server: RunningServer = await startServer({ dataFolder });
  const { port, url } = server;
  const gate = new Gate();
  const contributors = new Contributors(url, task.id as TaskId, CONTRIBUTORS, gate);
  const history = new History();
  let betweenAckAndCommit = 0;
  try {
    await server.adminJson('/api/tasks', { body: task });
    await contributors.start();
    await server.adminJson(`/api/tasks/${task.id}/rounds`, { body: { count: 10_000 } });
    for (const moment of moments()) {
      await contributors.until(() => contributors.roundOfAll() !== null, 'everybody trains in one round');
      const round = contributors.roundOfAll() ?? 0;
      const before = await server.adminJson<{ version: number }>(`/api/tasks/${task.id}`);
      if ('all' in moment) gate.open(round, contributors.clients.keys());
      else {
        gate.open(
          round,
          Array.from({ length: moment.acks }, (_, cell) => cell),
        );
        await contributors.until(() => contributors.acksOf(round).size >= moment.acks, 'the first acks');
      }
      await delay(moment.afterMs);
      await server.kill();
      const acked = contributors.acksOf(round).size;

      server = await startServer({ dataFolder, port });
      const version = await history.readCurrent(server, task.id);
      expect(version, 'no version is lost').toBeGreaterThanOrEqual(before.version);
      if (acked > 0 && version === before.version) betweenAckAndCommit++;
      gate.open(round, contributors.clients.keys());
      await contributors.until(
        () => contributors.clients.every((client) => (client.view().version ?? 0) > before.version),
        'the round commits',
      );
      await history.read(server, task.id);
      for (const [number, cells] of contributors.acknowledged) {
        const counted = history.committed.get(number)?.cells;
        if (counted === undefined) continue;
        for (const cell of cells) expect(counted, `round ${number} counts what it acknowledged`).toContain(cell);
      }
      expect(history.committed.has(round), `round ${round} ended committed`).toBe(true);
    }
    const rounds = history.committed.size;
    console.log(
      `${KILLS} kills, ${betweenAckAndCommit} between the first ack and the commit, ${rounds} rounds committed, seed ${seed}`,
    );
    expect(betweenAckAndCommit).toBeGreaterThanOrEqual(15);
  } catch (error) {
    console.error(server.log().slice(-4_000));
    throw error;
  } finally {
    await contributors.close();
    await server.kill();
    await rm(dataFolder, { recursive: true, force: true });
  }
}, 240_000);
