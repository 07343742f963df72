import { AGGREGATORS } from '../../shared/task/strategies.ts';
import { readOptions } from '../sim/options.ts';
import { simulate } from '../sim/simulation.ts';
import { type BenchOptions, chosenOf } from './options.ts';
import { tableOf } from './table.ts';

/** β of the rows with momentum of reports. */
const MOMENTUM = 0.9;
const WITH_MOMENTUM = ` + momentum ${MOMENTUM}`;
const clipped = (radius: number) => ({ ...AGGREGATORS['centered-clipping'], radius });

/** Rules as `strategy.aggregator` has them; five of 25 reports are malicious. */
const RULES: Readonly<Record<string, object>> = {
  mean: AGGREGATORS.mean,
  [`mean${WITH_MOMENTUM}`]: AGGREGATORS.mean,
  'norm bound 1': { ...AGGREGATORS['norm-bound'], norm: 1 },
  median: AGGREGATORS.median,
  'trimmed mean 0.2': { ...AGGREGATORS['trimmed-mean'], share: 0.2 },
  'Krum 5': { ...AGGREGATORS.krum, malicious: 5 },
  'multi-Krum 5 (13 kept)': { ...AGGREGATORS['multi-krum'], malicious: 5, keep: 13 },
  'geometric median': AGGREGATORS['geometric-median'],
  'centered clipping 0.3': clipped(0.3),
  [`centered clipping 0.3${WITH_MOMENTUM}`]: clipped(0.3),
  'centered clipping 1': clipped(1),
  [`centered clipping 1${WITH_MOMENTUM}`]: clipped(1),
};

const ATTACKS = {
  none: '',
  'sign flip': '--attack sign-flip:1',
  'sign flip × 5': '--attack sign-flip:5',
  'Gaussian σ 1': '--attack gaussian:1',
  'label flip': '--attack label-flip',
  ALIE: '--attack alie',
  'ALIE z 1.5': '--attack alie:1.5',
  'IPM 0.5': '--attack ipm:0.5',
  NaN: '--attack nan',
} as const;

const ROUNDS = 30;
const FLAGS = `--in-process --task digits --set model.zoo=softmax --set maxDeltaNorm=1e9 --set rounds.minimum=20 --clients 25 --cohort 25 --rounds ${ROUNDS} --examples 200 --lr 0.1 --epochs 1 --batch 10 --seed 1`;

/**
 * Every robust rule under every attack: `softmax` on MNIST, 25 contributors with 200 digits each, IID, all of them in each of 30
 * rounds, five of them malicious; the accuracy of the last version on the 10,000 test digits. The norm check is out of the way,
 * so that only the rule is seen; what is not finite is still refused.
 */
export async function benchRobust(
  _runs: number,
  say: (line: string) => void,
  { rows: asked }: Pick<BenchOptions<string>, 'rows'>,
): Promise<void> {
  const rows: string[][] = [];
  for (const rule of chosenOf(Object.keys(RULES), asked)) {
    const aggregator = RULES[rule] as object;
    const row = [rule];
    const momentum = rule.endsWith(WITH_MOMENTUM) ? ` --set client.reportMomentum=${MOMENTUM}` : '';
    for (const attack of Object.values(ATTACKS)) row.push(await accuracyOf(aggregator, `${attack}${momentum}`));
    rows.push(row);
    say(row.join('  '));
  }
  say(`\n${tableOf(['rule', ...Object.keys(ATTACKS)], rows)}`);
}

async function accuracyOf(aggregator: object, more: string): Promise<string> {
  const isMean = 'name' in aggregator && aggregator.name === 'mean';
  const flags = `${FLAGS} ${isMean ? '--strategy fedavg --set strategy.weighting=uniform' : '--strategy robust'} ${more}`;
  const rule = isMean ? [] : ['--set', `strategy.aggregator=${JSON.stringify(aggregator)}`];
  const options = readOptions([
    ...flags.trim().split(/ +/),
    ...rule,
    ...(more.includes('--attack') ? ['--malicious', '0.2'] : []),
  ]);
  if (options === 'help' || 'problem' in options) throw new Error(options === 'help' ? 'help' : options.problem);
  const { final } = await simulate(options, () => {});
  return final.accuracy === undefined ? '–' : `${(100 * final.accuracy).toFixed(1)} %`;
}
