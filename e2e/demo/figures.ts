import type { Evaluation } from '../../shared/evaluation/result.ts';
import type { Score } from '../../shared/protocol/index.ts';
import { namedScoreText } from '../../shared/protocol/score-text.ts';

/** A round as `GET /api/tasks/:id/rounds` answers it. */
export interface ApiRound {
  readonly number: number;
  readonly outcome: 'committed' | 'abandoned' | null;
  readonly reason?: string;
  readonly baseVersion: number;
  readonly version?: number;
  readonly selected: number;
  readonly accepted: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly metrics: Score | null;
  /** Of an evaluation round. */
  readonly evaluation?: Evaluation;
}

/** One round in `--json` (DESIGN §8). */
export const figuresOf = (round: ApiRound) => ({
  number: round.number,
  outcome: round.outcome,
  version: round.version ?? null,
  accuracy: round.metrics?.accuracy ?? null,
  ...(round.metrics?.absoluteError === undefined ? {} : { absoluteError: round.metrics.absoluteError }),
  loss: round.metrics?.loss ?? null,
  accepted: round.accepted,
  rejected: round.rejected,
  uplinkBytes: round.uplinkBytes,
  downlinkBytes: round.downlinkBytes,
  seconds: secondsOf(round),
});

const secondsOf = ({ startedAt, endedAt }: ApiRound): number =>
  endedAt === null ? 0 : (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

/** `seconds` where they are not those between the round's times. */
export function lineOf(round: ApiRound, seconds = secondsOf(round)): string {
  const figures = [
    `round ${String(round.number).padStart(3)}`,
    namedScoreText(round.metrics, 2),
    `loss ${round.metrics?.loss.toFixed(3) ?? '–'}`,
    `${round.accepted} accepted`,
    `${megabytes(round.uplinkBytes)} up`,
    `${megabytes(round.downlinkBytes)} down`,
    `${seconds.toFixed(1)} s`,
  ];
  return round.outcome === 'committed' ? figures.join('  ') : `${figures[0]}  abandoned: ${round.reason ?? 'unknown'}`;
}
