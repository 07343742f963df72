import { unreachable } from '../../shared/assert.ts';
import type { AbandonReason } from '../../shared/errors.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { TaskState } from '../../shared/protocol/index.ts';
import type { TaskPatch } from '../storage/port.ts';
import type { RoundOutcome } from './round.ts';

/** Whether and when a task starts rounds: rules T1 to T10 of ROUNDS.md. Pure, as the round itself. */
export interface TaskRun {
  readonly state: TaskState;
  /** Committed rounds still wanted. */
  readonly roundsLeft: number;
  /** One evaluation round, which is tried once. */
  readonly evaluationWanted: boolean;
  readonly abandonedInARow: number;
  /** Why it paused by itself. */
  readonly pausedReason: string | null;
  readonly hasRound: boolean;
  /** After an abandoned round: no new one before this time, in milliseconds since 1970. */
  readonly restsUntil: number | null;
}

/** What a person asks for. */
export type TaskOrder =
  | { readonly kind: 'start'; readonly count: number }
  | { readonly kind: 'evaluate' | 'pause' | 'resume' | 'stop' };

export type TaskRunEvent = { readonly at: number } & (
  | TaskOrder
  | { readonly kind: 'tick' }
  | { readonly kind: 'ended'; readonly outcome: RoundOutcome }
  /** An evaluation round ended, however. */
  | { readonly kind: 'evaluated' }
);

/** To be carried out after the new state is durable. */
export type TaskRunEffect = 'open-round' | 'open-evaluation' | 'stop-round';

export interface TaskRunStep {
  readonly run: TaskRun;
  readonly effects: readonly TaskRunEffect[];
  /** Set when the order is not possible in this state: one sentence for people. */
  readonly refusal: string | null;
}

/** What a task row says of its run; `hasRound` is whether a round of it is open. */
export const runOf = (
  row: Pick<TaskRun, 'state' | 'roundsLeft' | 'evaluationWanted' | 'abandonedInARow' | 'pausedReason'>,
  hasRound: boolean,
): TaskRun => ({
  state: row.state,
  roundsLeft: row.roundsLeft,
  evaluationWanted: row.evaluationWanted,
  abandonedInARow: row.abandonedInARow,
  pausedReason: row.pausedReason,
  hasRound,
  restsUntil: null,
});

/** What of it is durable. */
export const patchOf = (run: TaskRun): TaskPatch => ({
  state: run.state,
  roundsLeft: run.roundsLeft,
  evaluationWanted: run.evaluationWanted,
  abandonedInARow: run.abandonedInARow,
  pausedReason: run.pausedReason,
});

export function stepRun(run: TaskRun, event: TaskRunEvent): TaskRunStep {
  const isOrder = event.kind !== 'ended' && event.kind !== 'evaluated' && event.kind !== 'tick';
  if (run.state === 'stopping' && isOrder && event.kind !== 'stop') return refused(run, 'the task is being stopped');
  switch (event.kind) {
    case 'start':
      return next({ ...awake(run), roundsLeft: run.roundsLeft + event.count }, event.at);
    case 'evaluate':
      if (run.state === 'paused') return refused(run, 'the task is paused: resume or stop it first');
      return next({ ...run, state: 'running', evaluationWanted: true }, event.at);
    case 'pause':
      if (run.state === 'idle') return refused(run, 'nothing is running');
      return next(
        { ...run, state: 'paused', pausedReason: run.state === 'paused' ? run.pausedReason : null },
        event.at,
      );
    case 'resume':
      if (run.state === 'idle') return refused(run, 'nothing is paused');
      return next(run.state === 'paused' ? awake(run) : run, event.at);
    case 'stop':
      return stop(run);
    case 'tick':
      // A restart finds a stop whose round had just ended.
      if (run.state === 'stopping' && !run.hasRound) return next({ ...run, state: 'idle' }, event.at);
      return next(run, event.at);
    case 'ended':
      return next(ended(run, event.outcome, event.at), event.at);
    case 'evaluated':
      return next(evaluated(run), event.at);
    default:
      return unreachable(event);
  }
}

/** 1 s after the first abandoned round, doubled with each in a row, at most 30 s. */
export const backoffMs = (abandonedInARow: number): number =>
  Math.min(LIMITS.abandonedBackoffMs * 2 ** (abandonedInARow - 1), LIMITS.abandonedBackoffMaximumMs);

/** A person wants it to go on: what went wrong before is forgotten. */
const awake = (run: TaskRun): TaskRun => ({
  ...run,
  state: 'running',
  pausedReason: null,
  abandonedInARow: run.state === 'running' ? run.abandonedInARow : 0,
  restsUntil: run.state === 'running' ? run.restsUntil : null,
});

function stop(run: TaskRun): TaskRunStep {
  if (run.state === 'idle') return refused(run, 'nothing is running');
  const stopped = {
    ...{ ...run, roundsLeft: 0, evaluationWanted: false },
    ...{ pausedReason: null, abandonedInARow: 0, restsUntil: null },
  };
  if (!run.hasRound) return { run: { ...stopped, state: 'idle' }, effects: [], refusal: null };
  return { run: { ...stopped, state: 'stopping' }, effects: ['stop-round'], refusal: null };
}

function ended(run: TaskRun, outcome: RoundOutcome, at: number): TaskRun {
  const rest = { ...run, hasRound: false, restsUntil: null };
  if (run.state === 'stopping') return { ...rest, state: 'idle' };
  if (outcome.kind === 'committed') {
    const roundsLeft = Math.max(0, run.roundsLeft - 1);
    const isOver = roundsLeft === 0 && !run.evaluationWanted;
    return { ...rest, roundsLeft, abandonedInARow: 0, state: isOver ? 'idle' : run.state };
  }
  return abandoned(rest, outcome.reason, at);
}

/** T10: however it ended, it was the one that was asked for, and training goes on as if it had not been. */
const evaluated = (run: TaskRun): TaskRun => ({
  ...run,
  hasRound: false,
  evaluationWanted: false,
  state: run.state === 'stopping' || run.roundsLeft === 0 ? 'idle' : run.state,
});

function abandoned(run: TaskRun, reason: AbandonReason, at: number): TaskRun {
  if (reason === 'stopped') return run;
  const abandonedInARow = run.abandonedInARow + 1;
  // G2: the next round would begin from the same version with the same contributors.
  const isOver = reason === 'guard' || abandonedInARow >= LIMITS.abandonedInARowCount;
  if (run.state === 'running' && isOver) return { ...run, state: 'paused', pausedReason: reason, abandonedInARow };
  return { ...run, abandonedInARow, restsUntil: at + backoffMs(abandonedInARow) };
}

/** Opens a round if one may be opened now. */
function next(run: TaskRun, at: number): TaskRunStep {
  // T10: the version that is asked about is the one that is there.
  if (run.state === 'running' && run.evaluationWanted && !run.hasRound)
    return { run: { ...run, hasRound: true }, effects: ['open-evaluation'], refusal: null };
  const mayOpen =
    run.state === 'running' && run.roundsLeft > 0 && !run.hasRound && (run.restsUntil === null || at >= run.restsUntil);
  return mayOpen
    ? { run: { ...run, hasRound: true, restsUntil: null }, effects: ['open-round'], refusal: null }
    : { run, effects: [], refusal: null };
}

const refused = (run: TaskRun, refusal: string): TaskRunStep => ({ run, effects: [], refusal });
