import { readModelFolder } from '../../server/cli/model-folder.ts';
import { sourceOf } from '../../server/samples/index.ts';
import type { TaskId } from '../../shared/ids.ts';
import type { Score } from '../../shared/protocol/index.ts';
import { namedScoreText } from '../../shared/protocol/score-text.ts';
import { seededRng } from '../../shared/rng.ts';
import { rowsOf } from '../../shared/task/kinds/form.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { toBytes } from '../../shared/weights/vector.ts';
import type { FederatedClient } from '../../web/client/index.ts';
import { type Examples, examplesOf } from '../../web/trainer/core/examples.ts';
import { type ApiRound, figuresOf, lineOf } from '../demo/figures.ts';
import { endedRound, type Patience, scoredCheckpoint } from '../demo/waiting.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { CoreTrainers } from './core-trainer.ts';
import type { SimulateOptions } from './options.ts';
import { deal, dealPeople } from './partition.ts';
import { Population } from './population.ts';
import { eager } from './transports.ts';

/** What `--json` holds (DESIGN §8). */
export interface Figures {
  readonly task: string;
  readonly seed: number;
  readonly config: object;
  readonly clients: readonly {
    readonly backend: string | null;
    readonly requested: string;
    readonly reason: string | null;
  }[];
  readonly initial: { readonly version: number } & Partial<Score>;
  readonly rounds: readonly ReturnType<typeof figuresOf>[];
  readonly final: { readonly version: number } & Partial<Score>;
}

/** Streams of the one seed. */
const PARTITION_STREAM = 1;
const DROPOUT_STREAM = 1_000;
/** Nothing is hurried in a simulation: contributors take turns on one processor. */
const DEADLINE_MS = 24 * 3_600_000;
/** When no contributor has moved for so long, a round is given up. */
const SILENCE_MS = 600_000;

/** Runs the rounds on a server of its own and resolves to the figures; `say` gets a line a round. */
export async function simulate(options: SimulateOptions, say: (line: string) => void): Promise<Figures> {
  const shares = await examplesOfEach(options);
  const server = await startServer({
    // Everybody comes from one address, and a tenth of this may join in a second.
    env: { FEDTAB_MAX_PER_ADDRESS: String(Math.max(500, 10 * options.clients)), FEDTAB_LOG: 'error' },
  });
  const trainers = new CoreTrainers();
  let population: Population | undefined;
  try {
    const { adminJson } = server;
    const task = taskOf(options);
    const own = options.model === null ? {} : await bring(options.model, server);
    await adminJson('/api/tasks', { body: { ...task, model: { ...task.model, ...own } } });
    population = new Population({
      server: server.url,
      task: options.task as string as TaskId,
      count: options.clients,
      trainer: (index) => trainers.trainer(shares[index] as Examples),
      backend: options.backend,
      transport: eager,
    });
    for (const [index, client] of population.clients.entries()) dropsOut(client, options, index);
    let lastSignMs = 0;
    const heard = (): void => {
      lastSignMs = performance.now();
    };
    for (const client of population.clients) client.subscribe(heard);
    const patience = { limitMs: SILENCE_MS, lastSignMs: () => lastSignMs };
    await population.start();
    const { clients } = population;
    await population.until(() => clients.every((client) => client.view().connected), 'everybody connected');
    return await runRounds(options, server, population, patience, say);
  } finally {
    await population?.close();
    await trainers.close();
    await server.dispose();
  }
}

async function runRounds(
  options: SimulateOptions,
  { adminJson }: RunningServer,
  population: Population,
  patience: Patience,
  say: (line: string) => void,
): Promise<Figures> {
  const path = `/api/tasks/${options.task}`;
  const { spec } = await adminJson<{ spec: object }>(path);
  const initial = (await scoredCheckpoint(adminJson, path, 0)).metrics;
  say(`version 0  ${namedScoreText(initial, 2)}`);
  await adminJson(`${path}/rounds`, { body: { count: options.rounds } });
  const rounds: ApiRound[] = [];
  for (let number = 1; ; number++) {
    const round = await endedRound(adminJson, path, number, patience);
    if (round === null) break;
    const made = round.version === undefined ? null : await scoredCheckpoint(adminJson, path, round.version);
    const whole = made === null ? round : { ...round, metrics: made.metrics };
    rounds.push(whole);
    say(lineOf(whole));
  }
  const { version } = await adminJson<{ version: number }>(path);
  return {
    task: options.task,
    seed: options.seed,
    config: { ...options, spec },
    clients: population.clients.map((client) => {
      const { backend } = client.view();
      return { backend: backend?.used ?? null, requested: options.backend, reason: backend?.reason ?? null };
    }),
    initial: { version: 0, ...initial },
    rounds: rounds.map(figuresOf),
    final: { version, ...(await scoredCheckpoint(adminJson, path, version)).metrics },
  };
}

/** A model of one's own, its weights handed to the server: what `model` of the task is of it. */
async function bring(folder: string, { url, adminToken }: RunningServer): Promise<object> {
  const { topology, weights } = readModelFolder(folder);
  if (weights === null) return { topology };
  const response = await fetch(`${url}/api/weights`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/octet-stream' },
    body: toBytes(weights) as Uint8Array<ArrayBuffer>,
  });
  const { sha256 } = (await response.json()) as { sha256: string };
  return { topology, weights: sha256 };
}

/** The template with what the options ask for. */
function taskOf({
  task,
  cohort,
  strategy,
  codec,
  range,
  fraction,
  learningRate,
  epochs,
  batchSize,
  seed,
}: SimulateOptions) {
  const isFullBatch = strategy === 'fedsgd';
  return {
    template: task,
    model: { seed },
    client: {
      ...(learningRate === null ? {} : { learningRate }),
      ...(epochs === null ? {} : { epochs }),
      ...(batchSize === null ? {} : { batchSize }),
      ...(isFullBatch ? { work: 'full-batch' } : {}),
    },
    ...(strategy === null
      ? {}
      : { strategy: isFullBatch ? { name: strategy, weighting: 'uniform' } : { name: strategy } }),
    ...(codec === null ? {} : { codec: { up: codec, range, fraction } }),
    rounds: {
      goal: cohort,
      minimum: Math.max(1, Math.floor(cohort / 2)),
      overSelection: 1,
      selectionDeadlineMs: 60_000,
      reportingDeadlineMs: DEADLINE_MS,
    },
  };
}

/** Each contributor's own examples, from the training part of the task's sample data. */
export async function examplesOfEach({
  task,
  clients,
  examples,
  partition,
  seed,
}: SimulateOptions): Promise<readonly Examples[]> {
  const { data } = TEMPLATES[task];
  const training = await sourceOf(data)?.openTraining(data);
  if (!training) throw new Error(`there is no sample data for this task on this machine: ${data.sample}`);
  try {
    if (partition.kind !== 'people' && clients * examples > training.count)
      throw new Error(
        `${clients} contributors with ${examples} examples each need more than the ${training.count} there are`,
      );
    const form = formOf(data);
    const rng = seededRng(seed, PARTITION_STREAM);
    if (partition.kind === 'people') {
      const { count, perPerson } = training;
      if (perPerson === undefined) throw new Error(`the sample data of ${task} are not those of people`);
      if (clients * perPerson > count) throw new Error(`there are ${count / perPerson} people in the data of ${task}`);
      const dealt = dealPeople(count / perPerson, perPerson, clients, examples, rng);
      return Promise.all(dealt.map(async (indices) => examplesOf(form, [await training.read(indices)])));
    }
    const all = await training.readAll();
    return deal(all.targets, clients, examples, partition, rng).map((indices) =>
      examplesOf(form, [rowsOf(all, form, indices)]),
    );
  } finally {
    await training.close();
  }
}

/** Leaves a round in mid-training with the probability that was asked for, and is available again at once. */
export function dropsOut(
  client: Pick<FederatedClient, 'subscribe' | 'pause' | 'resume'>,
  { dropout, seed }: Pick<SimulateOptions, 'dropout' | 'seed'>,
  index: number,
): void {
  if (dropout === 0) return;
  const rng = seededRng(seed, DROPOUT_STREAM + index);
  let decided: number | null = null;
  client.subscribe(({ state, round }) => {
    if (state !== 'training' || round === decided) return;
    decided = round;
    if (rng.uniform() >= dropout) return;
    client.pause();
    client.resume();
  });
}
