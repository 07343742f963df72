import { readModelFolder } from '../../server/cli/model-folder.ts';
import { sourceOf } from '../../server/samples/index.ts';
import type { Evaluation } from '../../shared/evaluation/result.ts';
import type { Score } from '../../shared/protocol/index.ts';
import { namedScoreText } from '../../shared/protocol/score-text.ts';
import { seededRng, shuffle } from '../../shared/rng.ts';
import { rowsOf } from '../../shared/task/kinds/form.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import { topologyOf } from '../../shared/task/model-of.ts';
import { composeOverrides, taskFromTemplate } from '../../shared/task/parse.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { strategyOverrides } from '../../shared/task/strategies.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { type Examples, examplesOf } from '../../web/trainer/core/examples.ts';
import { type ApiRound, figuresOf, lineOf } from '../demo/figures.ts';
import { attackOf, Conspiracy, labelsFlipped, sleeping, withoutMomentum } from './attacks.ts';
import { CoreTrainers, type Trainers } from './core-trainer.ts';
import { leavesRounds, slownessOf } from './devices.ts';
import { type InProcessWorld, openInProcessWorld, STEP_MS } from './in-process/world.ts';
import type { SimulateOptions } from './options.ts';
import { conventionOf, deal, dealPeople } from './partition.ts';
import { PlainTrainers } from './plain/trainers.ts';
import { notPlain } from './plain/training.ts';
import { crossingOf, type Point, pointsOf } from './results/curve.ts';
import { type Look, lookingAs, looksOf } from './shift.ts';
import { openSocketWorld } from './socket-world.ts';
import type { World, WorldOptions } from './world.ts';

/** One round in the figures; without sockets `seconds` are those of the machine, and the simulated ones come beside. */
export interface SimulatedRound extends ReturnType<typeof figuresOf> {
  /** From the beginning of the simulation to the end of the round. */
  readonly simulatedSeconds?: number;
  /** How many versions its reports were behind, on average. */
  readonly staleness?: number;
}

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
  readonly rounds: readonly SimulatedRound[];
  readonly final: { readonly version: number } & Partial<Score>;
  /** What all contributors' devices say of the last version, on what the task sets aside. */
  readonly evaluation?: Evaluation;
  /** Why the task paused before its rounds were done, where it did. */
  readonly pausedReason?: string;
  /** Where the best so far crosses `--until`. */
  readonly crossing?: Omit<Point, 'accuracy'> | null;
}

/** What a simulation tells on its way. */
export interface Told {
  readonly say: (line: string) => void;
  /** So many rounds have ended. */
  readonly done?: (rounds: number) => void;
}

/** Streams of the one seed. */
const PARTITION_STREAM = 1;
const SPEED_STREAM = 4;
const SHIFT_STREAM = 6;
const LATE_STREAM = 500_000;
const MALICE_STREAM = 5;
const ATTACK_STREAM = 600_000;

/** Runs the rounds on a server of its own and resolves to the figures; `say` gets a line a round. */
export async function simulate(options: SimulateOptions, told: Told | Told['say']): Promise<Figures> {
  const tell = typeof told === 'function' ? { say: told } : told;
  const dealt = await examplesOfEach(options);
  const conspiracy = new Conspiracy();
  const attack = options.attack === null ? null : attackOf(options.attack);
  const attackers = attackersOf(options);
  const shares = dealt.map((own, index) =>
    options.attack?.name === 'label-flip' && attackers.has(index) ? labelsFlipped(own) : own,
  );
  const stepMs = stepTimesOf(options);
  let trainers: Trainers | undefined;
  const worldOptions: WorldOptions = {
    ...{ count: options.clients, backend: options.backend, seed: options.seed },
    task: {
      ...{ template: options.task, overrides: overridesOf(options) },
      own: options.model === null ? null : readModelFolder(options.model),
    },
    trainer: (index, spec) => {
      trainers ??= trainersFor(options, spec);
      const trainer = trainers.trainer(shares[index] as Examples, options.inProcess ? stepMs[index] : undefined);
      const { reportMomentum } = spec.client;
      return attack === null ? trainer : conspiracy.observed(trainer, attackers.has(index), reportMomentum);
    },
    around: (trainer, index) => {
      if (attack === null || !attackers.has(index)) return trainer;
      const attacking = conspiracy.attacking(trainer, attack, seededRng(options.seed, ATTACK_STREAM + index));
      return sleeping(trainer, attacking, options.attackAfter);
    },
    ports: (own, index) =>
      attack !== null && attackers.has(index) && own.encoder !== undefined
        ? { ...own, encoder: withoutMomentum(own.encoder) }
        : own,
  };
  const world = options.inProcess
    ? await openInProcessWorld({ ...worldOptions, msOf: timesOf(options, stepMs) })
    : await openSocketWorld(worldOptions);
  try {
    const leaves = [{ state: 'training', probability: options.dropout } as const, ...options.leave];
    for (const [index, client] of world.population.clients.entries()) leavesRounds(client, leaves, options.seed, index);
    return await runRounds(options, world, tell);
  } finally {
    await world.close();
    await trainers?.close();
  }
}

/** The plain trainer is the faster where it can train the model at all: half the time a step of the 2NN. */
function trainersFor({ trainer, backend, threads }: SimulateOptions, { client, ...spec }: TaskSpec): Trainers {
  const reason = notPlain(topologyOf(spec), client);
  if (trainer === 'plain' && reason !== null) throw new Error(`--trainer plain cannot train this: ${reason}`);
  const isPlain = trainer === 'plain' || (trainer === 'auto' && backend === 'auto' && reason === null);
  return isPlain ? new PlainTrainers(threads) : new CoreTrainers();
}

async function runRounds(options: SimulateOptions, world: World, { say, done }: Told): Promise<Figures> {
  const { until, clients: count, partition } = options;
  const convention = conventionOf(partition);
  if (convention !== null) say(convention);
  const initial = (await world.scored(0)).metrics;
  say(`version 0  ${namedScoreText(initial, 2)}`);
  await world.start(options.rounds);
  const rounds: SimulatedRound[] = [];
  const hasReached = (): boolean =>
    until !== null && rounds.some(({ accuracy }) => accuracy !== null && accuracy >= until);
  /** The next round is under way while this one's version is scored. */
  let unscored: (() => Promise<void>) | null = null;
  let beganMs = performance.now();
  for (let number = 1; !hasReached(); number++) {
    const round = await world.ended(number);
    await unscored?.();
    unscored = null;
    if (round === null || hasReached()) break;
    const endedMs = performance.now();
    const seconds = (endedMs - beganMs) / 1_000;
    beganMs = endedMs;
    const simulated = 'elapsedMs' in world ? await simulatedFigures(world as InProcessWorld, number) : null;
    const time = simulated === null ? {} : { seconds, ...simulated };
    unscored = async () => {
      const metrics = round.version === undefined ? null : (await world.scored(round.version)).metrics;
      const whole: ApiRound = { ...round, metrics };
      rounds.push({ ...figuresOf(whole), ...time });
      say(lineOf(whole, simulated === null ? undefined : seconds));
      done?.(rounds.length);
    };
  }
  const last = rounds.findLast(({ version }) => version !== null)?.version ?? 0;
  const crossing = until === null ? {} : { crossing: crossingOf(pointsOf(initial.accuracy, rounds), until) };
  if (rounds.length > 0) say(paceText(rounds));
  if (until !== null) say(crossingText(until, crossing.crossing ?? null));
  const pausedReason = await world.pausedReason();
  const evaluation = until === null && pausedReason === null ? await evaluated(world, rounds.length + 1) : null;
  if (evaluation !== null) say(evaluationText(evaluation));
  if (pausedReason !== null) say(`the task has paused: ${pausedReason}`);
  return {
    task: options.task,
    seed: options.seed,
    config: { ...options, spec: world.spec },
    clients: world.population.clients.slice(0, count).map((client) => {
      const { backend } = client.view();
      return { backend: backend?.used ?? null, requested: options.backend, reason: backend?.reason ?? null };
    }),
    initial: { version: 0, ...initial },
    rounds,
    final: { version: last, ...(await world.scored(last)).metrics },
    ...(evaluation === null ? {} : { evaluation }),
    ...(pausedReason === null ? {} : { pausedReason }),
    ...crossing,
  };
}

/** The newest version on everybody's own examples, where the task sets some aside. */
async function evaluated(world: World, number: number): Promise<Evaluation | null> {
  if (world.spec.client.heldOut !== true) return null;
  await world.evaluate();
  return (await world.ended(number))?.evaluation ?? null;
}

const evaluationText = ({ clients, examples, score }: Evaluation): string =>
  `on ${examples} examples that ${clients} contributors set aside: ${namedScoreText(score, 2)}, loss ${score.loss.toFixed(3)}`;

/** Of a round that has just ended. */
async function simulatedFigures(
  world: InProcessWorld,
  round: number,
): Promise<Pick<SimulatedRound, 'simulatedSeconds' | 'staleness'>> {
  const simulatedSeconds = world.elapsedMs() / 1_000;
  const reports = await world.reports(round);
  const behind = reports.reduce((sum, { staleness }) => sum + staleness, 0);
  return { simulatedSeconds, staleness: behind / Math.max(1, reports.length) };
}

const paceText = (rounds: readonly SimulatedRound[]): string => {
  const seconds = rounds.reduce((sum, round) => sum + round.seconds, 0);
  return `${rounds.length} rounds in ${seconds.toFixed(1)} s, ${(seconds / rounds.length).toFixed(2)} s a round`;
};

const crossingText = (until: number, crossing: Omit<Point, 'accuracy'> | null): string =>
  crossing === null
    ? `${100 * until} % was not reached`
    : `${100 * until} % after ${crossing.round.toFixed(1)} rounds, ${(crossing.bytes / 1e6).toFixed(1)} MB, ${crossing.seconds.toFixed(0)} s`;

/** What differs from the template. */
function overridesOf(options: SimulateOptions): object {
  const {
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
    overSelection,
    deadlineSeconds,
  } = options;
  const asked = {
    model: { seed },
    client: {
      ...(learningRate === null ? {} : { learningRate }),
      ...(epochs === null ? {} : { epochs }),
      ...(batchSize === null ? {} : { batchSize }),
    },
    ...(codec === null ? {} : { codec: { up: codec, range, fraction } }),
    // Where examples differ much, accuracy falls from round to round by more than that, and the run is to go on.
    guard: { drop: 1 },
    rounds: {
      goal: cohort,
      minimum: Math.max(1, Math.floor(cohort / 2)),
      overSelection,
      selectionDeadlineMs: 60_000,
      // Nothing is hurried in a simulation unless it is asked for: contributors take turns on one processor.
      reportingDeadlineMs: 1_000 * deadlineSeconds,
    },
  };
  const composed =
    strategy === null
      ? {}
      : strategyOverrides(strategy, { ...TEMPLATES[task], rounds: { ...TEMPLATES[task].rounds, goal: cohort } });
  return composeOverrides(composeOverrides(composed, asked), options.set);
}

/** The task with all that differs from its template, but for a model of one's own. */
export function specOf(options: SimulateOptions): TaskSpec {
  const spec = taskFromTemplate(options.task, overridesOf(options));
  if (spec.ok) return spec.value;
  throw new Error(`not a task: ${spec.failure.map(({ path, message }) => `${path} ${message}`).join('; ')}`);
}

/** Simulated milliseconds that a step takes each contributor's device. */
function stepTimesOf({ clients, speed, seed }: SimulateOptions): readonly number[] {
  return slownessOf(clients, speed, seededRng(seed, SPEED_STREAM)).map((slowness) => slowness * STEP_MS);
}

/** Simulated milliseconds of an assignment: steps by the device's speed, or past the deadline for one that is late. */
function timesOf({ clients, late, deadlineSeconds, seed }: SimulateOptions, stepMs: readonly number[]) {
  const rngs = Array.from({ length: clients }, (_, index) => seededRng(seed, LATE_STREAM + index));
  return (index: number, steps: number): number => {
    const isLate = late > 0 && (rngs[index]?.uniform() ?? 1) < late;
    return isLate ? 1_000 * deadlineSeconds + 1 : steps * (stepMs[index] ?? STEP_MS);
  };
}

/** Who attacks: so many of the contributors, drawn by the seed. */
function attackersOf({ clients, malicious, seed }: SimulateOptions): ReadonlySet<number> {
  const order = shuffle(
    Array.from({ length: clients }, (_, index) => index),
    seededRng(seed, MALICE_STREAM),
  );
  return new Set(order.slice(0, Math.round(malicious * clients)));
}

/** Each contributor's own examples, from the training part of the task's sample data, and how they look there. */
export async function examplesOfEach(options: SimulateOptions): Promise<readonly Examples[]> {
  const dealt = await dealtToEach(options);
  if (options.shift === 'none') return dealt;
  const looks = looksOf(options.clients, seededRng(options.seed, SHIFT_STREAM));
  return dealt.map((own, index) => lookingAs(own, looks[index] as Look));
}

async function dealtToEach(options: SimulateOptions): Promise<readonly Examples[]> {
  const { task, clients, examples, partition, sizes, seed } = options;
  const { data } = specOf(options);
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
    return deal(all.targets, clients, examples, partition, rng, sizes).map((indices) =>
      examplesOf(form, [rowsOf(all, form, indices)]),
    );
  } finally {
    await training.close();
  }
}
