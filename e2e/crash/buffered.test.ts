import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { fromBytes } from '../../shared/weights/vector.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { Population } from '../sim/population.ts';
import { oneHotModel, oneHotTrainer } from './one-hot.ts';

const task = {
  template: 'digits',
  id: 'buffered',
  ...oneHotModel(4),
  strategy: {
    name: 'fedbuff',
    weighting: 'uniform',
    schedule: { kind: 'buffered', size: 2, maximumStaleness: 3, concurrency: 3 },
  },
  rounds: { goal: 2, minimum: 1 },
};

/** Each contributor reports as often as it is let. */
class Permits {
  readonly #left = [0, 0, 0];
  readonly #waiting: (() => void)[] = [];

  give(cell: number, count: number): void {
    this.#left[cell] = (this.#left[cell] ?? 0) + count;
    for (const look of this.#waiting.splice(0)) look();
  }

  async take(cell: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (this.#left[cell] ?? 0) === 0)
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    if (!signal.aborted) this.#left[cell] = (this.#left[cell] ?? 0) - 1;
  }
}

it('B1 B4 B5 B11 versions go on without the slow, a SIGKILL in mid-buffer counts each report once, and the stale one is refused', async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'fedtab-buffered-'));
  let server: RunningServer = await startServer({ dataFolder });
  const { port, url } = server;
  const permits = new Permits();
  const population = new Population({
    server: url,
    task: task.id as TaskId,
    count: 3,
    trainer: (cell) => oneHotTrainer(cell, (signal) => permits.take(cell, signal)),
    reconnect: { delayMs: (_attempt, _hintMs, roll) => 30 + Math.round(40 * roll) },
  });
  const { clients } = population;
  const versionAt = (version: number) =>
    population.until(
      () => clients.some((client) => (client.view().status?.version ?? 0) >= version),
      `version ${version}`,
    );
  const weights = async (version: number): Promise<number[]> => {
    const rows = await server.adminJson<{ sha256: string }[]>(`/api/tasks/${task.id}/checkpoints`);
    const response = await fetch(`${server.url}/weights/${rows[version]?.sha256}`);
    return [...fromBytes(new Uint8Array(await response.arrayBuffer()))].slice(0, 3);
  };
  try {
    await server.adminJson('/api/tasks', { body: task });
    await population.start();
    await server.adminJson(`/api/tasks/${task.id}/rounds`, { body: { count: 100 } });
    await population.until(() => clients.every((client) => client.view().state === 'training'), 'everybody trains');

    // The fast one fills the buffer alone, twice over; the others hold up nothing.
    permits.give(0, 2);
    await versionAt(1);
    permits.give(0, 1);
    await population.until(() => clients[0]?.view().counted === 3, 'a report in the next buffer');
    await server.kill();
    server = await startServer({ dataFolder, port });
    permits.give(1, 1);
    await versionAt(2);
    expect(await weights(1)).toEqual([1, 0, 0]);
    expect(await weights(2)).toEqual([1.5, Math.fround(Math.SQRT1_2 / 2), 0]);

    // The third still trains from version 0: version 4 leaves it too far behind.
    permits.give(0, 4);
    await versionAt(4);
    const notes = () => clients.map((client) => client.view().notes);
    await population.until(() => notes()[2]?.some(({ reason }) => reason === 'stale') === true, 'the slow one is told');
    await population.until(() => clients[2]?.view().state === 'training', 'it trains again');
    expect(clients[2]?.view().version).toBe(4);
    // Its fourth part began on version 1, before the last report of that buffer came.
    const [first] = await weights(4);
    expect(first).toBeCloseTo(3 + Math.SQRT1_2 / 2, 6);
    await population.until(() => notes()[0]?.filter(({ outcome }) => outcome === 'counted').length === 7, 'all notes');
    const rounds = await server.adminJson<{ outcome: string | null; selected: number; rejected: object }[]>(
      `/api/tasks/${task.id}/rounds`,
    );
    expect(rounds.map(({ outcome }) => outcome)).toEqual([...Array(4).fill('committed'), null]);
    expect(rounds[3]).toMatchObject({ selected: 3, accepted: 2, rejected: { stale: 1 } });
    await server.adminJson(`/api/tasks/${task.id}/stop`, { body: {} });
    expect(await server.adminJson(`/api/tasks/${task.id}`)).toMatchObject({ state: 'idle', roundsLeft: 0, version: 4 });
  } catch (error) {
    console.error(server.log().slice(-4_000), JSON.stringify(population.states()));
    throw error;
  } finally {
    await population.close();
    await server.kill();
    await rm(dataFolder, { recursive: true, force: true });
  }
}, 90_000);
