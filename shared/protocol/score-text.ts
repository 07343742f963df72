import type { Score } from './messages.ts';

/** A score for a terminal: "96.2 %" of right answers, or how far off on average ("±3.142"); a dash where there is none. */
export function scoreText(score: Pick<Score, 'accuracy' | 'absoluteError'> | null, digits = 1): string {
  if (score?.accuracy !== undefined) return `${(100 * score.accuracy).toFixed(digits)} %`;
  return score?.absoluteError === undefined ? '–' : `±${Number(score.absoluteError.toPrecision(4))}`;
}

/** The same with its name. */
export const namedScoreText = (score: Pick<Score, 'accuracy' | 'absoluteError'> | null, digits = 1): string =>
  `${score?.absoluteError === undefined ? 'accuracy' : 'error'} ${scoreText(score, digits)}`;
