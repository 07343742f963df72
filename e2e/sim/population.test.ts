import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { initialWeights } from '../../shared/model/initial-weights.ts';
import { modelOf } from '../../shared/task/model-of.ts';
import { seedDense } from '../../shared/task/templates/seed-dense.ts';
import type { ParticipationState } from '../../web/client/view.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { onceAt, Population, viewUntil } from './population.ts';
import {
  deltaTrainer,
  gatedTrainer,
  noiseTrainer,
  oneHotTrainer,
  SPOILED,
  silentTrainer,
  spoiledTrainer,
} from './trainers.ts';
import { Cable, damages, eager, neverSends } from './transports.ts';

const start = initialWeights(modelOf(seedDense), seedDense.model.seed);

let server: RunningServer;
let population: Population | undefined;
let tasks = 0;

beforeAll(async () => {
  server = await startServer();
});
afterEach(() => population?.close());
afterAll(() => server?.dispose());

interface Round {
  readonly number: number;
  readonly outcome: string | null;
  readonly reason?: string;
  readonly selected: number;
  readonly accepted: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly late: number;
  readonly surplus: number;
  readonly dropped: number;
}

/** A task of 7,850 values of its own, its rounds asked for once the population waits. */
async function task(goal: number, minimum = goal, more: object = {}): Promise<TaskId> {
  const id = `sim-${++tasks}`;
  const rounds = { goal, minimum, selectionDeadlineMs: 20_000, reportingDeadlineMs: 30_000 };
  await server.adminJson('/api/tasks', { body: { template: 'seed-dense', id, rounds, ...more } });
  return id as TaskId;
}
const ask = (id: TaskId, count = 1): Promise<unknown> =>
  server.adminJson(`/api/tasks/${id}/rounds`, { body: { count } });
const rounds = (id: TaskId): Promise<readonly Round[]> => server.adminJson(`/api/tasks/${id}/rounds`);

async function paramsOf(id: TaskId): Promise<Float32Array> {
  const { sha256 } = await server.adminJson<{ sha256: string }>(`/api/tasks/${id}`);
  return new Float32Array(await (await fetch(`${server.url}/weights/${sha256}`)).arrayBuffer());
}

const people = async (count: number, id: TaskId, more: Partial<ConstructorParameters<typeof Population>[0]> = {}) => {
  population = new Population({
    server: server.url,
    task: id,
    count,
    trainer: (index) => oneHotTrainer(index),
    ...more,
  });
  await population.start();
  return population;
};
const noted = (outcome: string, count: number) => () =>
  (population?.clients.filter((client) => client.view().notes.some((note) => note.outcome === outcome)).length ?? 0) >=
  count;

describe('headless contributors against a real server', () => {
  it('I2: each is counted once, with its weight, and is told so', async () => {
    const id = await task(4, 4, { strategy: { weighting: 'numExamples' } });
    const all = await people(4, id, { trainer: (index) => oneHotTrainer(index, index + 1) });
    await ask(id);
    await all.until(noted('counted', 4), 'every report counted');
    const moved = (await paramsOf(id)).map((value, index) => value - (start[index] as number));
    // weights 1, 2, 3 and 4 of 10
    expect([...moved.subarray(0, 4)]).toEqual([0.1, 0.2, 0.3, 0.4].map((share) => expect.closeTo(share, 6)));
    expect(moved.subarray(4).every((value) => value === 0)).toBe(true);
    expect(all.clients.map((client) => client.view())).toEqual(
      Array(4).fill(expect.objectContaining({ counted: 1, state: 'accepted' })),
    );
  });

  it('takes part in several rounds, holding the weights it has', async () => {
    const id = await task(3);
    const all = await people(3, id, { trainer: (index) => noiseTrainer(index) });
    await ask(id, 3);
    await all.until(
      () =>
        all.clients.every((client) => client.view().notes.filter((note) => note.outcome === 'counted').length === 3),
      'three rounds',
    );
    expect((await rounds(id)).map(({ outcome, accepted }) => [outcome, accepted])).toEqual(
      Array(3).fill(['committed', 3]),
    );
    for (const client of all.clients) expect(client.view().receivedBytes).toBeLessThan(4 * 7_850 * 4);
  });

  it.each(Object.keys(SPOILED) as (keyof typeof SPOILED)[])(
    'threats C1 C3 C4: a report that is spoiled is rejected with %s, and the round goes on without it',
    async (reason) => {
      const id = await task(3, 2);
      const all = await people(3, id, {
        trainer: (index) => (index === 0 ? spoiledTrainer(oneHotTrainer(0), reason) : oneHotTrainer(index)),
      });
      await ask(id);
      await all.until(noted('counted', 2), 'the others counted');
      expect(all.clients[0]?.view().notes).toEqual([expect.objectContaining({ outcome: 'rejected', reason })]);
      const moved = (await paramsOf(id)).map((value, index) => value - (start[index] as number));
      expect([...moved.subarray(0, 4)]).toEqual([0, expect.closeTo(0.5), expect.closeTo(0.5), 0]);
      expect(await rounds(id)).toEqual([
        expect.objectContaining({ selected: 3, accepted: 2, rejected: { [reason]: 1 } }),
      ]);
    },
  );

  it.each(['downloading', 'training', 'uploading', 'accepted'] satisfies ParticipationState[])(
    'one that leaves while %s is counted once or not at all',
    async (state) => {
      const id = await task(3, 2);
      const all = await people(3, id);
      onceAt(all.clients[0] as never, state, (client) => client.leave());
      await ask(id);
      await all.until(
        () => all.clients.slice(1).every((client) => client.view().notes.some((note) => note.outcome === 'counted')),
        'the others counted',
      );
      const { accepted, dropped, selected } = (await rounds(id))[0] as Round;
      expect([selected, accepted + dropped]).toEqual([3, 3]);
      if (state === 'accepted') expect(accepted).toBe(3);
      const moved = ((await paramsOf(id))[0] as number) - (start[0] as number);
      expect(moved).toBeCloseTo(accepted === 3 ? 1 / 3 : 0, 6);
      expect(all.clients[0]?.view().state).toBe('left');
    },
  );

  it.each(['downloading', 'training', 'uploading', 'accepted'] satisfies ParticipationState[])(
    'C7: a cable that is cut while %s costs nothing but time',
    async (state) => {
      const id = await task(3);
      const cables: Cable[] = [];
      const all = await people(3, id, {
        transport: (transport) => {
          const cable = new Cable(transport);
          cables.push(cable);
          return cable.transport;
        },
      });
      onceAt(all.clients[0] as never, state, () => cables[0]?.cut());
      await ask(id);
      await all.until(noted('counted', 3), 'every report counted');
      expect(await rounds(id)).toEqual([expect.objectContaining({ selected: 3, accepted: 3 })]);
    },
  );

  it('chunks that are damaged on their way are sent again', async () => {
    const id = await task(2, 2, { model: { zoo: 'mlp-2nn' }, client: { loss: 'categoricalCrossentropy' } });
    const all = await people(2, id, { transport: (transport) => damages(transport, 2) });
    await ask(id);
    await all.until(noted('counted', 2), 'both counted');
    expect(await rounds(id)).toEqual([expect.objectContaining({ accepted: 2, rejected: {} })]);
  });

  it('those who say nothing or never finish do not keep the round from ending', async () => {
    const id = await task(4, 2, { rounds: { goal: 4, minimum: 2, reportingDeadlineMs: 3_000 } });
    const all = await people(4, id, {
      trainer: (index) => (index === 0 ? silentTrainer() : oneHotTrainer(index)),
      transport: (transport, index) => (index === 1 ? neverSends(transport) : transport),
    });
    await ask(id);
    await all.until(noted('counted', 2), 'the others counted');
    expect(await rounds(id)).toEqual([expect.objectContaining({ selected: 4, accepted: 2, late: 2 })]);
    await all.until(
      () => [0, 1].every((index) => all.clients[index]?.view().notes.some((note) => note.outcome === 'late')),
      'both told',
    );
  });

  it('with over-selection the surplus is told so, and those who were not selected come back', async () => {
    const id = await task(2, 2, { rounds: { goal: 2, minimum: 2, overSelection: 1.5 } });
    let open: (value?: unknown) => void = () => {};
    const held = new Promise((resolve) => {
      open = resolve;
    });
    const trained: number[] = [];
    const all = await people(5, id, {
      trainer: (index) =>
        gatedTrainer(
          deltaTrainer((size) => {
            trained.push(index);
            return new Float32Array(size).fill(1e-3);
          }),
          async () => {
            if (trained.length >= 2) await held;
          },
        ),
      transport: eager,
    });
    await ask(id);
    await all.until(noted('counted', 2), 'two counted');
    open();
    expect(await rounds(id)).toEqual([expect.objectContaining({ selected: 3, accepted: 2, surplus: 1 })]);
    await all.until(noted('surplus', 1), 'one told that it was surplus');
    await all.until(
      () => all.clients.every((client) => ['waiting', 'accepted', 'surplus'].includes(client.view().state)),
      'all back',
    );
  });

  it('C4: a pause gives the part back, and the round goes on without it', async () => {
    const id = await task(3, 2);
    const all = await people(3, id, { trainer: (index) => (index === 0 ? silentTrainer() : oneHotTrainer(index)) });
    onceAt(all.clients[0] as never, 'training', (client) => client.pause());
    await ask(id);
    await all.until(noted('counted', 2), 'the others counted');
    expect(all.clients[0]?.view()).toMatchObject({ state: 'paused', connected: true });
    expect(await rounds(id)).toEqual([expect.objectContaining({ accepted: 2, dropped: 1 })]);
  });

  it('C22: who is forgotten is withdrawn from the round', async () => {
    const id = await task(3, 2);
    const all = await people(3, id, { trainer: (index) => (index === 2 ? silentTrainer() : oneHotTrainer(index)) });
    const [gone, , last] = all.clients;
    await ask(id);
    await viewUntil(gone as never, (view) => view.state === 'accepted');
    expect(await gone?.forget()).toEqual({ serverForgot: true });
    last?.pause();
    await all.until(
      () => all.clients[1]?.view().notes.some((note) => note.outcome === 'abandoned') === true,
      'the round abandoned',
    );
    expect(await rounds(id)).toEqual([expect.objectContaining({ outcome: 'abandoned', accepted: 1 })]);
  });

  it('a closed task takes those who know its token, and refuses the others for good', async () => {
    const id = await task(2, 2, { access: { joinToken: 'open sesame' } });
    const strangers = await people(2, id);
    expect(strangers.states()).toEqual({ 'error(unauthorized)': 2 });
    await strangers.close();
    const friends = await people(2, id, { joinToken: 'open sesame' });
    await ask(id);
    await friends.until(noted('counted', 2), 'both counted');
  });

  it('C7 C17: a server that ends and comes back finishes its round with the same contributors', async () => {
    const id = await task(3);
    let open: (value?: unknown) => void = () => {};
    const held = new Promise((resolve) => {
      open = resolve;
    });
    const all = await people(3, id, {
      trainer: (index) => (index === 0 ? gatedTrainer(oneHotTrainer(0), () => held) : oneHotTrainer(index)),
    });
    await ask(id);
    await all.until(() => all.clients.slice(1).every((client) => client.view().state === 'accepted'), 'two accepted');
    const { dataFolder, port } = server;
    expect(await server.stop()).toBe(0);
    open();
    await all.until(() => all.states()['server-away(draining)'] === 3 || all.states()['server-away'] === 3, 'all away');
    server = await startServer({ dataFolder, port });
    await all.until(noted('counted', 3), 'every report counted');
    expect(await rounds(id)).toEqual([expect.objectContaining({ selected: 3, accepted: 3 })]);
  });
});
