import type { Score } from '../../shared/protocol/index.ts';
import type { ApiRound } from './figures.ts';

/** A call of the server's API as an admin; rejects where its status is not 2xx. */
export type Ask = <Answer>(path: string) => Promise<Answer>;

export interface Patience {
  /** How long without a result, or without a sign of life, before it is given up. */
  readonly limitMs: number;
  /** `performance.now()` of the last sign of life; without it the time counts from the beginning. */
  readonly lastSignMs?: () => number;
}

export interface ScoredCheckpoint {
  readonly version: number;
  readonly sha256: string;
  readonly metrics: Score;
}

/** A score is a pass over 10,000 examples: a second for small models, a minute for large ones on a busy machine. */
export const SCORE_PATIENCE: Patience = { limitMs: 600_000 };
const POLL_MS = 100;

/** Round `number` of the task at `path` once it has ended; null when the task stopped before it began. */
export function endedRound(ask: Ask, path: string, number: number, patience: Patience): Promise<ApiRound | null> {
  return until(`round ${number} has not ended`, patience, async () => {
    const { state, roundsLeft } = await ask<{ state: string; roundsLeft: number }>(path);
    const round = (await ask<ApiRound[]>(`${path}/rounds`)).find((one) => one.number === number);
    if (round !== undefined && round.outcome !== null) return round;
    const isOver = state === 'paused' || (state === 'idle' && roundsLeft === 0);
    return round === undefined && isOver ? null : undefined;
  });
}

/** The checkpoint of a version once the server has scored it. */
export function scoredCheckpoint(
  ask: Ask,
  path: string,
  version: number,
  patience = SCORE_PATIENCE,
): Promise<ScoredCheckpoint> {
  return until(`version ${version} has no score (the server's log says why)`, patience, async () => {
    const checkpoints = await ask<(Omit<ScoredCheckpoint, 'metrics'> & { metrics: Score | null })[]>(
      `${path}/checkpoints`,
    );
    const found = checkpoints.find((one) => one.version === version);
    return found !== undefined && found.metrics !== null ? { ...found, metrics: found.metrics } : undefined;
  });
}

/** Asks again until there is an answer; rejects with one sentence when the patience is at its end. */
async function until<Value>(
  what: string,
  { limitMs, lastSignMs = () => 0 }: Patience,
  look: () => Promise<Value | undefined>,
): Promise<Value> {
  const beganMs = performance.now();
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (performance.now() - Math.max(beganMs, lastSignMs()) >= limitMs)
      throw new Error(`Given up: ${what} after ${limitMs / 1_000} s.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
