import type { SimulateOptions } from './options.ts';
import { bestSoFar, crossingOf, pointsOf } from './results/curve.ts';
import { type Figures, simulate, type Told } from './simulation.ts';

export interface Tried {
  readonly rate: number;
  readonly figures: Figures;
  /** The most accurate version. */
  readonly best: number;
  /** The round at which `--until` was crossed. */
  readonly crossed: number | null;
}

/** The same rounds with each rate, best first: who crosses `--until` earlier, else who is more accurate in the end. */
export async function sweep(options: SimulateOptions, rates: readonly number[], { say }: Told): Promise<Tried[]> {
  const tried: Tried[] = [];
  for (const rate of rates) {
    const figures = await simulate({ ...options, learningRate: rate }, () => {});
    const points = pointsOf(figures.initial.accuracy, figures.rounds);
    const best = bestSoFar(points).at(-1)?.accuracy ?? 0;
    const crossed = options.until === null ? null : (crossingOf(points, options.until)?.round ?? null);
    tried.push({ rate, figures, best, crossed });
    const where = crossed === null ? '' : `, ${100 * (options.until ?? 0)} % after ${crossed.toFixed(1)} rounds`;
    say(`lr ${rate}  ${(100 * best).toFixed(2)} % after ${figures.rounds.length} rounds${where}`);
  }
  return tried.sort(betterFirst);
}

export const betterFirst = (a: Pick<Tried, 'best' | 'crossed'>, b: Pick<Tried, 'best' | 'crossed'>): number =>
  (a.crossed ?? Number.POSITIVE_INFINITY) === (b.crossed ?? Number.POSITIVE_INFINITY)
    ? b.best - a.best
    : (a.crossed ?? Number.POSITIVE_INFINITY) - (b.crossed ?? Number.POSITIVE_INFINITY);
