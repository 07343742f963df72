import type { CodecName } from '../../shared/codec/index.ts';
import { readOptions } from '../sim/options.ts';
import { crossingOf, pointsOf } from '../sim/results/curve.ts';
import { type Figures, simulate } from '../sim/simulation.ts';
import { type BenchOptions, chosenOf } from './options.ts';
import { megabytes, tableOf } from './table.ts';

interface Row {
  readonly up: CodecName;
  /** Where versions do not go down whole. */
  readonly down?: CodecName;
  readonly more?: string;
  /** Points of accuracy that it may cost, where we set ourselves a limit. */
  readonly limit?: number;
}

const RANGE = '--set codec.range=0.02';
const ROWS: readonly Row[] = [
  { up: 'float32' },
  { up: 'float16' },
  { up: 'uniform-8', more: '--set codec.range=0.05', limit: 0.3 },
  { up: 'uniform-8-rotated', more: RANGE, limit: 0.3 },
  { up: 'uniform-4-rotated', more: RANGE },
  { up: 'eden-4' },
  { up: 'eden-2' },
  { up: 'eden-1', limit: 1 },
  { up: 'top-k', more: '--set codec.fraction=0.01' },
  { up: 'random-k', more: '--set codec.fraction=0.1' },
  { up: 'float32', down: 'uniform-8-rotated', more: RANGE, limit: 0.3 },
  { up: 'float32', down: 'eden-1', limit: 1 },
  { up: 'uniform-8-rotated', down: 'uniform-8-rotated', more: RANGE, limit: 0.3 },
  { up: 'eden-1', down: 'eden-1', limit: 1 },
];
const TARGET = 0.97;
const ROUNDS = 50;
const FLAGS = `--in-process --task digits --set model.zoo=mlp-2nn --set maxDeltaNorm=1e4 --clients 100 --cohort 10 --rounds ${ROUNDS} --examples 600 --lr 0.2 --epochs 1 --batch 10 --threads 1 --seed 1`;

const nameOf = ({ up, down }: Row): string => (down === undefined ? up : `${up} down ${down}`);

/** What each codec costs in accuracy: `mlp-2nn` on MNIST, 100 contributors, ten a round, the best version in so many rounds. */
export async function benchCodecAccuracy(
  _runs: number,
  say: (line: string) => void,
  { rows: asked }: Pick<BenchOptions<string>, 'rows'>,
): Promise<void> {
  const rows: string[][] = [];
  const named = new Map(ROWS.map((row) => [nameOf(row), row]));
  let exact: number | null = null;
  for (const name of chosenOf([...named.keys()], asked)) {
    const { up, down = 'float32', more = '', limit } = named.get(name) as Row;
    const flags = `${FLAGS} --set codec.up=${up} --set codec.down=${down} ${more}`;
    const options = readOptions(flags.trim().split(/ +/));
    if (options === 'help' || 'problem' in options) throw new Error(options === 'help' ? 'help' : options.problem);
    const figures = await simulate(options, () => {});
    const best = bestOf(figures);
    if (name === 'float32') exact = best;
    const row = [
      `\`${name}\`${more === '' ? '' : `, ${more.replace('--set codec.', '').replace('=', ' ')}`}`,
      `${(100 * best).toFixed(2)} %`,
      exact === null ? '–' : (100 * (exact - best)).toFixed(2),
      limit === undefined ? '–' : limit.toFixed(1),
      ...costOf(figures),
    ];
    rows.push(row);
    say(row.join('  '));
  }
  const header = ['codec', `best of ${ROUNDS} rounds`, 'points lost', 'limit', 'a report'];
  say(`\n${tableOf([...header, 'rounds to 97 %', 'up to 97 %', 'down to 97 %'], rows)}`);
}

const bestOf = ({ rounds }: Figures): number => Math.max(...rounds.map(({ accuracy }) => accuracy ?? 0));

/** Of a report, and of all up to the target. */
function costOf({ initial, rounds }: Figures): string[] {
  const report = (rounds[0]?.uplinkBytes ?? 0) / (rounds[0]?.accepted ?? 1);
  const crossing = crossingOf(pointsOf(initial.accuracy, rounds), TARGET);
  return [
    `${(report / 1000).toFixed(1)} kB`,
    ...(crossing === null
      ? ['–', '–', '–']
      : [crossing.round.toFixed(1), megabytes(crossing.uplinkBytes, 1), megabytes(crossing.downlinkBytes, 1)]),
  ];
}
