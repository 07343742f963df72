import type { CodecName } from '../../shared/codec/index.ts';
import { readOptions } from '../sim/options.ts';
import { simulate } from '../sim/simulation.ts';
import { tableOf } from './table.ts';

const CODECS: readonly (readonly [CodecName, string?])[] = [
  ['float32'],
  ['float16'],
  ['uniform-8'],
  ['uniform-8-rotated', '--range 0.02'],
  ['uniform-4-rotated', '--range 0.02'],
  ['eden-4'],
  ['eden-2'],
  ['eden-1'],
  ['top-k', '--fraction 0.01'],
  ['random-k', '--fraction 0.1'],
];
const TARGET = 0.97;
const ROUNDS = 45;
const FLAGS = `--in-process --task digits --set model.zoo=mlp-2nn --set maxDeltaNorm=1e4 --clients 100 --cohort 10 --rounds ${ROUNDS} --examples 600 --lr 0.2 --epochs 1 --batch 10 --threads 2 --seed 1`;

/** What each codec costs in accuracy: `mlp-2nn` on MNIST, 100 contributors, ten a round, the best version in so many rounds. */
export async function benchCodecAccuracy(_runs: number, say: (line: string) => void): Promise<void> {
  const rows: string[][] = [];
  for (const [codec, more = ''] of CODECS) {
    const options = readOptions(`${FLAGS} --codec ${codec} ${more}`.trim().split(/ +/));
    if (options === 'help' || 'problem' in options) throw new Error(options === 'help' ? 'help' : options.problem);
    const { rounds } = await simulate(options, () => {});
    const best = Math.max(...rounds.map(({ accuracy }) => accuracy ?? 0));
    const at = rounds.findIndex(({ accuracy }) => (accuracy ?? 0) >= TARGET);
    const upTo = rounds.slice(0, at + 1).reduce((sum, { uplinkBytes }) => sum + uplinkBytes, 0);
    const report = (rounds[0]?.uplinkBytes ?? 0) / (rounds[0]?.accepted ?? 1);
    const row = [
      `\`${codec}\`${more === '' ? '' : `, ${more.slice(2)}`}`,
      `${(report / 1000).toFixed(1)} kB`,
      `${(100 * best).toFixed(2)} %`,
      at < 0 ? '–' : String(at + 1),
      at < 0 ? '–' : `${(upTo / 1e6).toFixed(1)} MB`,
    ];
    rows.push(row);
    say(row.join('  '));
  }
  const header = ['codec', 'a report', `best of ${ROUNDS} rounds`, 'rounds to 97 %', 'up to 97 %'];
  say(`\n${tableOf(header, rows)}`);
}
