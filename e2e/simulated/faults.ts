import type { Rng } from '../../shared/rng.ts';

/** How often what goes wrong, from 0 to 1, and how slow it is when it does not. */
export interface Rates {
  /** Of a connection: never opens; is cut in silence; is overtaken, so that what it carries comes late. */
  readonly refused: number;
  readonly cut: number;
  readonly late: number;
  /** Of a message: its answer is lost; it comes twice; a bit of it is another. */
  readonly lost: number;
  readonly doubled: number;
  readonly flipped: number;
  /** Of a call on the disk or the database: it fails; the process dies before it, or after it and before the answer. */
  readonly failed: number;
  readonly died: number;
  /** Of a download: it fails, or other bytes come. */
  readonly misfetched: number;
  /** Of the calls that take time at all, how much they take at most. */
  readonly diskMs: number;
  readonly networkMs: number;
}

export const NOTHING: Rates = {
  ...{ refused: 0, cut: 0, late: 0, lost: 0, doubled: 0, flipped: 0, failed: 0, died: 0, misfetched: 0 },
  ...{ diskMs: 5, networkMs: 100 },
};

/** Some worlds have one kind of trouble, most have several, each as much as it will. */
export function drawRates(rng: Rng): Rates {
  const often = (most: number): number => (rng.below(3) === 0 ? 0 : most * rng.uniform() ** 2);
  return {
    ...{ refused: often(0.2), cut: often(0.3), late: often(0.3) },
    ...{ lost: often(0.05), doubled: often(0.03), flipped: often(0.01) },
    ...{ failed: often(0.02), died: often(0.01), misfetched: often(0.2) },
    diskMs: 1 + rng.below(50),
    networkMs: 1 + rng.below(400),
  };
}

export const isDrawn = (rng: Rng, rate: number): boolean => rate > 0 && rng.uniform() < rate;
