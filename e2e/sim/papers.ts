import { parseArgs } from 'node:util';
import { STRATEGY_NAMES, type StrategyName } from '../../shared/task/strategies.ts';
import { machineLine } from '../bench/machine.ts';
import { BUFFERED_ROUNDS, BUFFERED_TARGETS, compareSchedules } from './buffered.ts';
import { conventionOf, readSizes } from './partition.ts';
import { crossingOf, pointsOf } from './results/curve.ts';
import { compareShifted, SHIFTED_ROUNDS } from './shifted.ts';
import { type Figures, simulate } from './simulation.ts';
import { bestRate, MNIST, percent, progress, trialOf } from './trial.ts';

/**
 * Published tables again: MNIST, 60,000 digits over 100 contributors, ten of them a round, every version scored on the
 * 10,000 test digits. As in McMahan et al., AISTATS 2017, "rounds to X" is of the best learning rate (here of a few, chosen
 * on the first rounds of the first seed) and of the best version so far, interpolated between two rounds.
 */
interface Paper {
  readonly what: string;
  readonly flags: string;
  /** What has to be reached, the last to stop at. */
  readonly targets: readonly number[];
  /** The paper's figure for the last target. */
  readonly published: string;
  /** No more rounds than these are within the limit that we set ourselves. */
  readonly limit: number;
  /** Rounds of the sweep. */
  readonly first: number;
}

const PAPERS: Readonly<Record<string, Paper>> = {
  '2nn-e1-iid': {
    what: '2NN, E = 1, B = 10, IID',
    flags: `${MNIST} --set model.zoo=mlp-2nn --epochs 1`,
    ...{ targets: [0.97], published: '87 (table 1), 92 (table 4)', limit: 119, first: 8 },
  },
  '2nn-e10-iid': {
    what: '2NN, E = 10, B = 10, IID',
    flags: `${MNIST} --set model.zoo=mlp-2nn --epochs 10`,
    ...{ targets: [0.97], published: '34', limit: 44, first: 4 },
  },
  '2nn-e1-shards': {
    what: '2NN, E = 1, B = 10, two shards each',
    flags: `${MNIST} --set model.zoo=mlp-2nn --epochs 1 --partition shards:2`,
    ...{ targets: [0.95, 0.97], published: '664 (table 1), 831 (table 4)', limit: 1_246, first: 30 },
  },
  'cnn-e1-iid': {
    what: 'CNN, E = 1, B = 10, IID',
    flags: `${MNIST} --set model.zoo=cnn --epochs 1`,
    ...{ targets: [0.99], published: '34', limit: 44, first: 3 },
  },
};

const COMPARISONS: ReadonlySet<string> = new Set(['strategies', 'buffered', 'shifted']);

/** Rounds of a comparison of strategies, and what is compared. */
const COMPARED_ROUNDS = 100;
const SKEWS = ['dirichlet:0.1', 'shards:2'] as const;

export const PAPERS_HELP = `npm run simulate -- papers [NAME …] [options]
Published tables again, beside the paper's figures.

${Object.entries(PAPERS)
  .map(([name, { what, targets }]) => `  ${name.padEnd(15)} ${what}, to ${targets.map(percent).join(' and ')}`)
  .join('\n')}
  strategies      every strategy of this version after ${COMPARED_ROUNDS} rounds of the 2NN with ${SKEWS.join(' and ')}
  buffered        FedAvg against FedBuff on devices of very different speed, by simulated time to ${BUFFERED_TARGETS.map(percent).join(', ')}

  shifted         FedAvg, FedPer and FedBN on pictures that look different to everybody, on what each sets aside

  --lr R,…        learning rates to choose from; one is taken as it is (0.05,0.1,0.2)
  --seeds N,…     (1)
  --threads N     threads that train (2)
  --rounds N      of a comparison (${COMPARED_ROUNDS}; of buffered at most ${BUFFERED_ROUNDS} versions, of shifted ${SHIFTED_ROUNDS})
  --partition P   of strategies: one of the two alone
  --sizes S       of strategies: equal | dirichlet:ALPHA, with which contributors take unequal numbers of steps, not by shards (equal)
  --strategies S,…  of strategies: these alone (all)
`;

/** Runs what is named, the first by default, and says its table. Resolves to whether every limit was kept. */
export async function reproduce(args: readonly string[], say: (line: string) => void): Promise<boolean | 'help'> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      lr: { type: 'string', default: '0.05,0.1,0.2' },
      seeds: { type: 'string', default: '1' },
      threads: { type: 'string', default: '2' },
      rounds: { type: 'string' },
      partition: { type: 'string' },
      sizes: { type: 'string', default: 'equal' },
      strategies: { type: 'string', default: STRATEGY_NAMES.join(',') },
      help: { type: 'boolean', default: false },
    },
  });
  const names = positionals.length === 0 ? ['2nn-e1-iid'] : positionals;
  const { partition, sizes } = values;
  // Of shards the sizes follow from how labels are dealt.
  const skews = SKEWS.filter(
    (skew) => skew === (partition ?? skew) && (sizes === 'equal' || !skew.startsWith('shards')),
  );
  const asked = values.strategies.split(',');
  const strategies = STRATEGY_NAMES.filter((name) => asked.includes(name));
  if (strategies.length !== asked.length || readSizes(sizes) === null) return 'help';
  if (values.help || skews.length === 0 || names.some((name) => !COMPARISONS.has(name) && !Object.hasOwn(PAPERS, name)))
    return 'help';
  const rates = values.lr.split(',').map(Number);
  const seeds = values.seeds.split(',').map(Number);
  let areKept = true;
  for (const name of names) {
    say(
      `\n\`npm run simulate -- papers ${[name, ...args.filter((arg) => !names.includes(arg))].join(' ')}\`\n${machineLine()}\n`,
    );
    const paper = PAPERS[name];
    if (name === 'strategies')
      await compare(
        { skews, sizes, strategies, rounds: Number(values.rounds ?? COMPARED_ROUNDS) },
        { rates, seeds, threads: values.threads },
        say,
      );
    else if (name === 'buffered')
      await compareSchedules(Number(values.rounds ?? BUFFERED_ROUNDS), rates, seeds, values.threads, say);
    else if (name === 'shifted') await compareShifted(Number(values.rounds ?? SHIFTED_ROUNDS), rates, seeds, say);
    else if (paper !== undefined) areKept = (await again(paper, rates, seeds, values.threads, say)) && areKept;
  }
  return areKept;
}

async function again(
  { what, flags, targets, published, limit, first }: Paper,
  rates: readonly number[],
  seeds: readonly number[],
  threads: string,
  say: (line: string) => void,
): Promise<boolean> {
  const options = trialOf(`${flags} --threads ${threads}`);
  const rate = await bestRate({ ...options, rounds: first, seed: seeds[0] ?? 1 }, rates, say);
  say('');
  say(
    `| ${what}, lr ${rate} | ${targets.map((target) => `rounds to ${percent(target)} |`).join(' ')} paper | limit | best | MB up | s a round |`,
  );
  say(`| --- | ${targets.map(() => '---: |').join(' ')} ---: | ---: | ---: | ---: | ---: |`);
  let areKept = true;
  for (const seed of seeds) {
    const figures = await simulate(
      { ...options, seed, learningRate: rate, rounds: limit, until: targets.at(-1) ?? 1 },
      progress,
    );
    const crossings = targets.map((target) => crossingOf(pointsOf(figures.initial.accuracy, figures.rounds), target));
    areKept &&= crossings.every((crossing) => crossing !== null);
    const rounds = crossings.map((crossing) => `${crossing?.round.toFixed(1) ?? `not within ${limit}`} |`).join(' ');
    say(`| seed ${seed} | ${rounds} ${published} | ${limit} | ${columnsOf(figures)} |`);
  }
  return areKept;
}

function columnsOf({ rounds }: Figures): string {
  const best = Math.max(...rounds.map(({ accuracy }) => accuracy ?? 0));
  const up = rounds.reduce((sum, { uplinkBytes }) => sum + uplinkBytes, 0) / 1e6;
  const seconds = rounds.reduce((sum, round) => sum + round.seconds, 0) / rounds.length;
  return `${percent(best)} | ${up.toFixed(1)} | ${seconds.toFixed(2)}`;
}

interface Comparison {
  readonly skews: readonly string[];
  readonly sizes: string;
  readonly strategies: readonly StrategyName[];
  readonly rounds: number;
}

interface Runs {
  readonly rates: readonly number[];
  readonly seeds: readonly number[];
  readonly threads: string;
}

async function compare(
  { skews, sizes, strategies, rounds }: Comparison,
  { rates, seeds, threads }: Runs,
  say: (line: string) => void,
): Promise<void> {
  for (const partition of skews) {
    const convention = conventionOf(trialOf(`${MNIST} --partition ${partition}`).partition);
    if (convention !== null) say(`${convention}\n`);
  }
  say(`| strategy | partition | lr | best of ${rounds} rounds | mean of the last ten | s a round |`);
  say('| --- | --- | ---: | ---: | ---: | ---: |');
  for (const partition of skews) {
    for (const strategy of strategies) {
      for (const seed of seeds) {
        const flags = `${MNIST} --set model.zoo=mlp-2nn --epochs 1 --partition ${partition} --sizes ${sizes} --strategy ${strategy}`;
        const options = { ...trialOf(`${flags} --threads ${threads}`), seed };
        try {
          const rate = await bestRate({ ...options, rounds: Math.ceil(rounds / 5) }, rates, progress);
          const figures = await simulate({ ...options, rounds, learningRate: rate }, progress);
          const accuracies = figures.rounds.map(({ accuracy }) => accuracy ?? 0);
          const last =
            accuracies.slice(-10).reduce((sum, accuracy) => sum + accuracy, 0) / Math.min(10, accuracies.length);
          const seconds = figures.rounds.reduce((sum, round) => sum + round.seconds, 0) / figures.rounds.length;
          say(
            `| ${strategy} | ${partition} | ${rate} | ${percent(Math.max(...accuracies))} | ${percent(last)} | ${seconds.toFixed(2)} |`,
          );
        } catch (error) {
          say(`| ${strategy} | ${partition} | – | ${error instanceof Error ? error.message : String(error)} | – | – |`);
        }
      }
    }
  }
}
