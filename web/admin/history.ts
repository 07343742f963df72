import type { Score } from '../../shared/protocol/messages.ts';
import { measured } from '../ui/index.ts';
import type { Checkpoint, Round } from './answers.ts';

/** What is known of a task's past. Pure: the dashboard holds one for each task. */
export interface History {
  /** Finished ones, oldest first. */
  readonly rounds: readonly Round[];
  /** Are they all there, or only the newest? */
  readonly isWhole: boolean;
  /** null: not asked for yet. */
  readonly checkpoints: readonly Checkpoint[] | null;
  /** Figures that came as events, perhaps before the row they belong to. */
  readonly scores: ReadonlyMap<number, Score>;
}

export const emptyHistory: History = { rounds: [], isWhole: false, checkpoints: null, scores: new Map() };

/** Rows that were fetched, over those that were there. `isWhole`: they are all there are. */
export function withRounds(history: History, fetched: readonly Round[], isWhole: boolean): History {
  const finished = fetched.filter(({ outcome }) => outcome !== null);
  const byNumber = new Map((isWhole ? [] : history.rounds).map((round) => [round.number, round]));
  for (const round of finished) byNumber.set(round.number, round);
  const rounds = [...byNumber.values()].sort((a, b) => a.number - b.number);
  return { ...history, rounds, isWhole: isWhole || history.isWhole };
}

export function withScore(history: History, version: number, score: Score): History {
  return { ...history, scores: new Map([...history.scores, [version, score]]) };
}

/** How good the model was after this round; null for an abandoned one, and before it is scored. */
export function scoreOf(history: History, round: Pick<Round, 'version' | 'metrics'>): Score | null {
  if (round.version === undefined) return null;
  return history.scores.get(round.version) ?? round.metrics;
}

export function checkpointScore(history: History, checkpoint: Pick<Checkpoint, 'version' | 'metrics'>): Score | null {
  return history.scores.get(checkpoint.version) ?? checkpoint.metrics;
}

/** The newest version that has a score, and the score: scoring takes a moment, and the page need not go blank meanwhile. */
export function lastScored(history: History): { readonly version: number; readonly score: Score } | null {
  for (const round of history.rounds.toReversed()) {
    const score = scoreOf(history, round);
    if (round.version !== undefined && score !== null) return { version: round.version, score };
  }
  const start = history.scores.get(0);
  return start === undefined ? null : { version: 0, score: start };
}

export interface Curve {
  /** Numbers of rounds; 0 stands for the model before the first. */
  readonly rounds: readonly number[];
  /** Accuracy, or the mean error where the task predicts a number. */
  readonly measure: readonly (number | null)[];
  readonly loss: readonly (number | null)[];
}

/** Score and loss after each committed round. An abandoned round changed nothing: the line passes it by. */
export function curveOf(history: History): Curve {
  const committed = history.rounds.filter(({ version }) => version !== undefined);
  const start = history.checkpoints?.find(({ version }) => version === 0);
  const before = start === undefined ? null : checkpointScore(history, start);
  const scores = committed.map((round) => scoreOf(history, round));
  const first = before === null ? [] : [before];
  return {
    rounds: [...first.map(() => 0), ...committed.map(({ number }) => number)],
    measure: [...first, ...scores].map(measured),
    loss: [...first, ...scores].map((score) => score?.loss ?? null),
  };
}

/** The same without the model before the first round: what a sparkline draws. */
export const sparkOf = (history: History, length: number): readonly (number | null)[] =>
  curveOf({ ...history, checkpoints: null }).measure.slice(-length);

/** Bytes both ways of rounds that ended today, by this device's calendar. */
export function trafficToday(rounds: readonly Round[], now: number): number {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  return rounds
    .filter(({ endedAt }) => endedAt !== null && Date.parse(endedAt) >= midnight)
    .reduce((sum, { uplinkBytes, downlinkBytes }) => sum + uplinkBytes + downlinkBytes, 0);
}

export const durationMs = ({ startedAt, endedAt }: Pick<Round, 'startedAt' | 'endedAt'>): number | null =>
  endedAt === null ? null : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));

export const rejectedCount = ({ rejected }: Pick<Round, 'rejected'>): number =>
  Object.values(rejected).reduce((sum, count) => sum + count, 0);
