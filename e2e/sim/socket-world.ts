import type { TaskId } from '../../shared/ids.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { toBytes } from '../../shared/weights/vector.ts';
import { endedRound, scoredCheckpoint } from '../demo/waiting.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { Population } from './population.ts';
import { eager } from './transports.ts';
import type { World, WorldOptions } from './world.ts';

/** When no contributor has moved for so long, a round is given up. */
const SILENCE_MS = 600_000;

/** A server in a process of its own, and contributors that come to it over real sockets. */
export async function openSocketWorld(options: WorldOptions): Promise<World> {
  const { task, count, trainer, backend, around = (one) => one, ports = (one) => one } = options;
  const server = await startServer({
    // Everybody comes from one address, and a tenth of this may join in a second.
    env: { FEDTAB_MAX_PER_ADDRESS: String(Math.max(500, 10 * count)), FEDTAB_LOG: 'error' },
  });
  let population: Population | undefined;
  const close = async (): Promise<void> => {
    await population?.close();
    await server.dispose();
  };
  try {
    const { adminJson } = server;
    const own = task.own === null ? {} : { model: await bring(task.own, server) };
    const created = await adminJson<{ id: TaskId }>('/api/tasks', {
      body: { template: task.template, ...task.overrides, ...own },
    });
    const path = `/api/tasks/${created.id}`;
    const { spec } = await adminJson<{ spec: TaskSpec }>(path);
    population = new Population({
      ...{ server: server.url, task: created.id, count, backend, transport: eager },
      trainer: (index) => around(trainer(index, spec), index),
      ports,
    });
    const { clients } = population;
    let lastSignMs = 0;
    const heard = (): void => {
      lastSignMs = performance.now();
    };
    for (const client of clients) client.subscribe(heard);
    const patience = { limitMs: SILENCE_MS, lastSignMs: () => lastSignMs };
    await population.start();
    await population.until(() => clients.every((client) => client.view().connected), 'everybody connected');
    return {
      ...{ task: created.id, spec, population, close },
      start: async (rounds) => void (await adminJson(`${path}/rounds`, { body: { count: rounds } })),
      evaluate: async () => void (await adminJson(`${path}/evaluate`, { body: {} })),
      ended: (number) => endedRound(adminJson, path, number, patience),
      pausedReason: async () => (await adminJson<{ pausedReason?: string }>(path)).pausedReason ?? null,
      scored: (version) => scoredCheckpoint(adminJson, path, version),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A model of one's own, its weights handed to the server: what `model` of the task is of it. */
async function bring(
  { topology, weights }: NonNullable<WorldOptions['task']['own']>,
  { url, adminToken }: RunningServer,
): Promise<object> {
  if (weights === null) return { topology };
  const response = await fetch(`${url}/api/weights`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/octet-stream' },
    body: toBytes(weights) as Uint8Array<ArrayBuffer>,
  });
  const { sha256 } = (await response.json()) as { sha256: string };
  return { topology, weights: sha256 };
}
