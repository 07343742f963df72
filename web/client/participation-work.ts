import { unreachable } from '../../shared/assert.ts';
import { isRejection } from '../../shared/errors.ts';
import type { AssignmentToken } from '../../shared/ids.ts';
import { decline, failWork, fromReceipt, REPORT_ENDS, refuseReport } from './participation-ends.ts';
import { heardRefusal, stopOf } from './participation-session.ts';
import {
  type Assigned,
  type Effect,
  type Happening,
  type Joined,
  type State,
  withLife,
  withStage,
} from './participation-state.ts';
import type { ReconnectPolicy } from './reconnect-policy.ts';

/** What the work on the present assignment brings: weights, progress, a trained report, and what the server says to it. */

/** The server is told of progress at most this often. */
const TELL_EVERY_MS = 500;
/** A backend that is lost more often than this in one assignment is not tried again. */
const BACKEND_LOSSES_MAXIMUM = 2;
/** Uploads whose chunks kept arriving damaged before the part is given back. */
const DAMAGED_UPLOADS_MAXIMUM = 2;
/** Losses kept for the chart of one round. */
const LOSSES_KEPT = 500;

type OfWork = Extract<Happening, { token: AssignmentToken }> & { readonly atMs: number; readonly roll: number };

export function onWork(
  state: State,
  life: Joined,
  work: Assigned,
  event: Exclude<OfWork, { kind: 'resumed' }>,
  policy: ReconnectPolicy,
  effects: Effect[],
): State {
  const { memory } = state;
  switch (event.kind) {
    case 'weights': {
      if (work.stage.kind !== 'downloading') return state;
      const { sha256 } = work.assignment.base;
      return withStage({ ...state, memory: { ...memory, held: sha256 } }, work, { kind: 'downloaded' });
    }
    case 'weights-failed':
      if (work.stage.kind !== 'downloading') return state;
      return failWork(state, life, work, 'weights', event.message, event.atMs, effects);
    case 'progress': {
      if (work.stage.kind !== 'training') return state;
      const { progress } = event;
      const losses = progress.loss === null ? memory.losses : [...memory.losses, progress.loss].slice(-LOSSES_KEPT);
      const share = progress.steps === 0 ? 0 : Math.min(1, progress.step / progress.steps);
      const told = tell(life, work, event.atMs, 'training', share, effects);
      return { life: { ...life, work: told }, memory: { ...memory, progress, losses } };
    }
    case 'trained':
      if (work.stage.kind !== 'training') return state;
      return withStage({ ...state, memory: { ...memory, lastReport: event.metrics ?? memory.lastReport } }, work, {
        kind: 'trained',
      });
    case 'training-failed':
      return work.stage.kind === 'training' ? onTrainingFailed(state, life, work, event, effects) : state;
    case 'upload-progress': {
      if (work.stage.kind !== 'uploading') return state;
      const stage = { kind: 'uploading', share: event.share } as const;
      return withLife(state, { work: { ...tell(life, work, event.atMs, 'uploading', event.share, effects), stage } });
    }
    case 'report-accepted':
      return work.stage.kind === 'uploading'
        ? fromReceipt(state, life, work, event.receipt, event.atMs, effects, event.sentBytes)
        : state;
    case 'report-refused': {
      if (work.stage.kind !== 'uploading') return state;
      const stopped = stopOf(event.reason, event.message, state.memory);
      if (stopped !== null) return withLife(state, { stopped });
      if (isRejection(event.reason) || REPORT_ENDS.has(event.reason))
        return refuseReport(state, life, work, event, effects);
      if (event.reason === 'chunk' && work.holds >= DAMAGED_UPLOADS_MAXIMUM)
        return failWork(state, life, work, 'chunk', event.message, event.atMs, effects);
      const retryAtMs = event.atMs + policy.delayMs(work.holds, event.retryAfterMs, event.roll);
      const stage = { kind: 'upload-held', retryAtMs, reason: event.reason } as const;
      return withStage(heardRefusal(state, event.reason), { ...work, holds: work.holds + 1 }, stage);
    }
    default:
      return unreachable(event);
  }
}

function onTrainingFailed(
  state: State,
  life: Joined,
  work: Assigned,
  event: Extract<OfWork, { kind: 'training-failed' }>,
  effects: Effect[],
): State {
  switch (event.reason) {
    case 'no-examples':
      if (work.assignment.purpose === 'evaluate') return decline(state, life, work, effects);
      return { ...state, memory: { ...state.memory, examples: 0 } };
    case 'dataset-damaged':
      return withLife(state, {
        stopped: { state: 'error', reason: event.reason, detail: event.message, endsWith: 'data' },
      });
    case 'backend-lost':
      if (work.backendLosses < BACKEND_LOSSES_MAXIMUM)
        // C12: prepared anew, then trained anew from the same weights.
        return withLife(state, {
          trainer: 'lost',
          work: { ...work, backendLosses: work.backendLosses + 1, stage: { kind: 'downloaded' } },
        });
      return failWork(
        withLife(state, { trainer: 'lost' }),
        { ...life, trainer: 'lost' },
        work,
        event.reason,
        event.message,
        event.atMs,
        effects,
      );
    case 'aborted':
    case 'not-finite':
    case 'exploded':
    case 'failed':
      return failWork(state, life, work, event.reason, event.message, event.atMs, effects);
    default:
      return unreachable(event.reason);
  }
}

function tell(
  life: Joined,
  work: Assigned,
  atMs: number,
  phase: 'training' | 'uploading',
  share: number,
  effects: Effect[],
): Assigned {
  if (life.lock !== 'held' || life.link.kind !== 'online' || atMs - work.toldAtMs < TELL_EVERY_MS) return work;
  effects.push({ kind: 'tell', token: work.assignment.token, phase, share });
  return { ...work, toldAtMs: atMs };
}
