import { crossingOf, pointsOf } from './results/curve.ts';
import { type Figures, simulate } from './simulation.ts';
import { bestRate, MNIST, percent, progress, trialOf } from './trial.ts';

/**
 * FedAvg against FedBuff (Nguyen et al., AISTATS 2022) by simulated time: the same hundred devices, whose slowness has a heavy
 * tail, the same digits and seeds. FedAvg waits for the first ten of those it asks; FedBuff makes a version of every ten reports,
 * however old. Only training takes simulated time: nothing is said of networks.
 */
interface Schedule {
  readonly what: string;
  readonly flags: string;
  /** Schedules with the same name have one rate, chosen with the first of them. */
  readonly tuned: string;
}

export const BUFFERED_TARGETS = [0.93, 0.95, 0.97] as const;
/** Versions at most, and those of the choice of a rate. */
export const BUFFERED_ROUNDS = 150;
const FIRST = 5;
const SPEED = 'pareto:1.5';

const fedAvg = (what: string, overSelection: number): Schedule => ({
  what: `FedAvg, ${what}`,
  flags: `--strategy fedavg --over-selection ${overSelection}`,
  tuned: 'fedavg',
});
const fedBuff = (concurrency: number): Schedule => ({
  what: `FedBuff, ${concurrency} at a time`,
  flags: `--strategy fedbuff --set strategy.schedule.concurrency=${concurrency} --set strategy.schedule.maximumStaleness=20`,
  tuned: `fedbuff ${concurrency}`,
});

export const SCHEDULES: readonly Schedule[] = [
  fedAvg('the first 10 of 13', 1.3),
  fedBuff(13),
  fedBuff(30),
  fedAvg('all of 10', 1),
  fedAvg('the first 10 of 30', 3),
];

export const flagsOf = ({ flags }: Schedule): string =>
  `${MNIST} --set model.zoo=mlp-2nn --epochs 1 --speed ${SPEED} ${flags}`;

export async function compareSchedules(
  rounds: number,
  rates: readonly number[],
  seeds: readonly number[],
  threads: string,
  say: (line: string) => void,
): Promise<void> {
  say(HEADER);
  say('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
  const chosen = new Map<string, number>();
  for (const seed of seeds) {
    for (const schedule of SCHEDULES) {
      const options = { ...trialOf(`${flagsOf(schedule)} --threads ${threads}`), seed };
      const rate = chosen.get(schedule.tuned) ?? (await bestRate({ ...options, rounds: FIRST }, rates, progress));
      chosen.set(schedule.tuned, rate);
      const figures = await simulate(
        { ...options, rounds, learningRate: rate, until: BUFFERED_TARGETS.at(-1) ?? 1 },
        progress,
      );
      for (const row of rowsOf(`${schedule.what}, seed ${seed}`, rate, figures)) say(row);
    }
  }
}

const HEADER =
  '| schedule | lr | to | simulated time | versions | up | down | versions behind, mean | reports too old |';

/** A row a target; what holds for the whole run stands in the first. */
export function rowsOf(what: string, rate: number, { initial, rounds }: Pick<Figures, 'initial' | 'rounds'>): string[] {
  const points = pointsOf(initial.accuracy, rounds);
  const behind = rounds.reduce((sum, { staleness = 0 }) => sum + staleness, 0) / rounds.length;
  const tooOld = rounds.reduce((sum, { rejected }) => sum + (rejected['stale'] ?? 0), 0);
  return BUFFERED_TARGETS.map((target, at) => {
    const crossing = crossingOf(points, target);
    const cost =
      crossing === null
        ? [`not within ${rounds.length} versions`, '–', '–', '–']
        : [
            `${crossing.seconds.toFixed(1)} s`,
            crossing.round.toFixed(1),
            `${(crossing.uplinkBytes / 1e6).toFixed(1)} MB`,
            `${(crossing.downlinkBytes / 1e6).toFixed(1)} MB`,
          ];
    const [name, lr, age, refused] = at === 0 ? [what, rate, behind.toFixed(1), tooOld] : ['…', '', '', ''];
    return `| ${[name, lr, percent(target), ...cost, age, refused].join(' | ')} |`;
  });
}
