import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import type { GivenControl } from '../../shared/protocol/index.ts';
import type { Trainer } from '../../web/client/ports.ts';
import { noise } from '../../web/trainer/core/fixtures/tiny.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { CoreTrainers } from './core-trainer.ts';
import { Population } from './population.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.dispose());

/** What a trainer was given and made of it. */
interface Part {
  readonly control: GivenControl;
  /** c_i′ − c_i. */
  readonly change: Float32Array;
}

const recording = (trainer: Trainer, parts: Part[]): Trainer => ({
  ...trainer,
  async train(params, options) {
    const control = options.control && structuredClone(options.control);
    const result = await trainer.train(params, options);
    if (result.ok && control !== undefined)
      parts.push({ control, change: result.delta.slice(result.delta.length / 2) });
    return result;
  },
});

it('P47 SCAFFOLD over sockets: c is the mean of the c_i when all take part every round, also after a restart', async () => {
  const task = 'corrected' as TaskId;
  const clients = 3;
  const parts: Part[][] = Array.from({ length: clients }, () => []);
  const trainers = new CoreTrainers();
  await server.adminJson('/api/tasks', {
    body: {
      ...{ template: 'digits', id: task, model: { zoo: 'softmax', seed: 1 } },
      client: { work: 'scaffold', epochs: 2, learningRate: 0.05 },
      strategy: { name: 'scaffold', weighting: 'uniform' },
      rounds: { goal: clients, minimum: clients },
    },
  });
  const population = new Population({
    ...{ server: server.url, task, count: clients, backend: 'cpu' },
    trainer: (index) => recording(trainers.trainer(noise([28, 28, 1], 10, 12 + index)), parts[index] as Part[]),
  });
  const rounds = async (count: number): Promise<void> => {
    const before = (parts[0] as Part[]).length;
    await server.adminJson(`/api/tasks/${task}/rounds`, { body: { count } });
    await population.until(
      () => population.clients.every((client) => client.view().notes.some(({ round }) => round === before + count)),
      'everybody was told of the last round',
    );
    await expect
      .poll(async () => (await server.adminJson<{ version: number }>(`/api/tasks/${task}`)).version)
      .toBe(before + count);
  };
  try {
    await population.start();
    await rounds(2);
    const { dataFolder, port } = server;
    await server.stop();
    server = await startServer({ dataFolder, port });
    await population.until(() => population.clients.every((client) => client.view().connected), 'all came back');
    await rounds(2);
  } finally {
    await population.close();
    await trainers.close();
  }

  expect(parts.map((own) => own.length)).toEqual([4, 4, 4]);
  const own = parts.map(() => new Float64Array(7_850));
  for (let round = 0; round < 4; round++) {
    const mean = Float64Array.from({ length: 7_850 }, (_, at) => own.reduce((sum, c) => sum + (c[at] ?? 0), 0) / 3);
    for (const [index, client] of parts.entries()) {
      const { control, change } = client[round] as Part;
      expect(control.contributors).toBe(3);
      expect(control.counted).toBe(round === 0 ? null : client[round - 1]?.control.updateId);
      const given = control.sum ?? new Float32Array(7_850);
      const off = mean.reduce((most, value, at) => Math.max(most, Math.abs(value - (given[at] ?? 0) / 3)), 0);
      expect(off).toBeLessThan(1e-5);
      change.forEach((value, at) => {
        (own[index] as Float64Array)[at] = (own[index]?.[at] ?? 0) + value;
      });
    }
    expect(mean.some((value) => Math.abs(value) > 1e-3)).toBe(round > 0);
  }
});
