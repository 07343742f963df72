import type { Evaluation } from '../../shared/evaluation/result.ts';
import { CoreTrainers } from './core-trainer.ts';
import { openInProcessWorld } from './in-process/world.ts';
import { examplesOfEach } from './simulation.ts';
import { percent, progress, trialOf } from './trial.ts';

/**
 * FedBN (Li et al., ICLR 2021) beside FedAvg and FedPer under feature shift: everybody has all ten digits, in a contrast,
 * brightness and inversion of their own. What is told is how the last version does on the fifth of everybody's own
 * digits that nobody trains on, each with the layers that it keeps.
 */
export interface Personalized {
  readonly what: string;
  readonly isNormalized: boolean;
  /** The layers that are never averaged. */
  readonly local: readonly string[];
}

export const SHIFTED = {
  fedavg: { what: 'FedAvg, without a normalization', isNormalized: false, local: [] },
  fedper: { what: 'FedPer: the last layer local', isNormalized: false, local: ['classes'] },
  fedbn: { what: 'FedBN: the normalization local', isNormalized: true, local: ['norm'] },
} as const satisfies Record<string, Personalized>;

/** A small convolution, with a normalization before its relu or without. 4,138 parameters, or 4,170. */
const layersOf = (isNormalized: boolean): readonly object[] => [
  {
    class_name: 'Conv2D',
    config: {
      ...{ name: 'conv', filters: 8, kernel_size: [5, 5], strides: [2, 2], padding: 'same' },
      activation: isNormalized ? 'linear' : 'relu',
    },
  },
  ...(isNormalized
    ? [
        { class_name: 'BatchNormalization', config: { name: 'norm', momentum: 0.9 } },
        { class_name: 'Activation', config: { name: 'relu', activation: 'relu' } },
      ]
    : []),
  {
    class_name: 'MaxPooling2D',
    config: { name: 'pool', pool_size: [2, 2], strides: [2, 2], padding: 'valid' },
  },
  { class_name: 'Flatten', config: { name: 'flat' } },
  { class_name: 'Dense', config: { name: 'classes', units: 10, activation: 'softmax' } },
];

export interface ShiftedRun {
  readonly clients: number;
  /** Of each contributor; a fifth of them is set aside. */
  readonly examples: number;
  readonly rounds: number;
  readonly rate: number;
  readonly seed: number;
  /** Whether the pictures look different at all. */
  readonly shift: 'pictures' | 'none';
}

/** Trains with all contributors in every round, and has the last version scored by them; null where a round failed. */
export async function scoredByAll(
  { isNormalized, local }: Personalized,
  { clients, examples, rounds, rate, seed, shift }: ShiftedRun,
): Promise<Evaluation | null> {
  const own = await examplesOfEach(
    trialOf(`--task digits --clients ${clients} --examples ${examples} --seed ${seed} --shift ${shift}`),
  );
  const trainers = new CoreTrainers();
  const world = await openInProcessWorld({
    ...{ seed, count: clients, backend: 'auto' },
    task: {
      ...{ template: 'custom', own: null },
      overrides: {
        model: { topology: { layers: layersOf(isNormalized) }, seed },
        client: {
          ...{ epochs: 2, batchSize: 20, learningRate: rate, heldOut: true },
          ...(local.length === 0 ? {} : { local }),
        },
        // Scored by those who train, and not by the server.
        data: { sample: null },
        rounds: { goal: clients, minimum: clients, reportingDeadlineMs: 86_400_000 },
      },
    },
    trainer: (index) => trainers.trainer(own[index] as (typeof own)[number]),
  });
  try {
    await world.start(rounds);
    for (let round = 1; round <= rounds; round++) {
      const ended = await world.ended(round);
      if (ended?.outcome !== 'committed') return null;
    }
    await world.evaluate();
    const { evaluation } = (await world.ended(rounds + 1)) ?? {};
    return evaluation ?? null;
  } finally {
    await world.close();
    await trainers.close();
  }
}

const RUN = { clients: 8, examples: 250, shift: 'pictures' } as const;
export const SHIFTED_ROUNDS = 20;

/** A row for each, with the rate that is best on the first seed. */
export async function compareShifted(
  rounds: number,
  rates: readonly number[],
  seeds: readonly number[],
  say: (line: string) => void,
): Promise<void> {
  say(
    `| ${RUN.clients} contributors, ${RUN.examples} digits each, ${rounds} rounds | lr | ${seeds.map((seed) => `seed ${seed} |`).join(' ')}`,
  );
  say(`| --- | ---: | ${seeds.map(() => '---: |').join(' ')}`);
  for (const kind of Object.values(SHIFTED)) {
    /** 0 where too many reports were not fit to be sent: their loss exploded. */
    const accuracyOf = async (rate: number, seed: number): Promise<number> => {
      const evaluation = await scoredByAll(kind, { ...RUN, rounds, rate, seed });
      progress(`${kind.what}, lr ${rate}, seed ${seed}: ${percent(evaluation?.score.accuracy ?? 0)}`);
      return evaluation?.score.accuracy ?? 0;
    };
    const first = seeds[0] ?? 1;
    const tried = new Map<number, number>();
    for (const rate of rates) tried.set(rate, await accuracyOf(rate, first));
    const [rate, accuracy] = [...tried].reduce((best, one) => (one[1] > best[1] ? one : best));
    const accuracies = [accuracy];
    for (const seed of seeds.slice(1)) accuracies.push(await accuracyOf(rate, seed));
    say(`| ${kind.what} | ${rate} | ${accuracies.map((one) => `${percent(one)} |`).join(' ')}`);
  }
}
