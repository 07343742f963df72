import { unreachable } from '../../shared/assert.ts';
import { isRejection, type Refusal, type RefusalReason } from '../../shared/errors.ts';
import type { AssignmentToken } from '../../shared/ids.ts';
import type { Assignment, Welcome } from '../../shared/protocol/index.ts';
import { settle } from './participation-advance.ts';
import { endRound, failWork, fromReceipt, giveBack, refuseReport } from './participation-ends.ts';
import type {
  Assigned,
  Effect,
  Happening,
  Joined,
  Link,
  ParticipationEvent,
  Stage,
  State,
  Stop,
} from './participation-state.ts';
import { exponentialReconnect, type ReconnectPolicy } from './reconnect-policy.ts';
import type { PauseCause } from './view.ts';

/** What a step leads to. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export const INITIAL: State = {
  life: { kind: 'idle' },
  memory: {
    examples: null,
    participation: null,
    status: null,
    backend: null,
    held: null,
    progress: null,
    losses: [],
    lastReport: null,
    notes: [],
    counted: 0,
    failures: 0,
    shown: null,
  },
};

const JOINED: Joined = {
  kind: 'joined',
  lock: 'asked',
  isCounting: true,
  pauses: [],
  stopped: null,
  link: { kind: 'off' },
  trainer: 'none',
  work: { kind: 'none' },
};

const DEFAULT_POLICY = exponentialReconnect();
/** The server is told of progress at most this often. */
const TELL_EVERY_MS = 500;
/** Work goes on this long past the announced end of the round: messages take time, and the server's word ends it. */
const DEADLINE_SLACK_MS = 5_000;
/** A session that lasted this long was a good one: the next back-off starts from the beginning. */
const GOOD_SESSION_MS = 10_000;
/** A backend that is lost more often than this in one assignment is not tried again. */
const BACKEND_LOSSES_MAXIMUM = 2;
/** Uploads whose chunks kept arriving damaged before the part is given back. */
const DAMAGED_UPLOADS_MAXIMUM = 2;
/** Losses kept for the chart of one round. */
const LOSSES_KEPT = 500;
/** Another tab of this profile is asked after this often where the server, not the lock, told of it. */
const OTHER_TAB_RETRY_MS = 2_000;

/** Refusals after which trying again by itself would change nothing. */
const FINAL: ReadonlySet<RefusalReason> = new Set([
  'upgrade-required',
  'bad-message',
  'unauthorized',
  'origin',
  'unknown-task',
]);

/** One step of a participation: pure; the rules are in PARTICIPATION.md. */
export function step(state: State, event: ParticipationEvent, policy: ReconnectPolicy = DEFAULT_POLICY): Step {
  const effects: Effect[] = [];
  const reacted = react(state, event, policy, effects);
  return { state: settle(reacted, event.atMs, effects), effects };
}

/** The monotonic time at which the state wants a `tick`, or null while nothing is waited for. */
export function nextWakeMs({ life, memory }: State): number | null {
  const times: number[] = memory.shown === null ? [] : [memory.shown.untilMs];
  if (life.kind === 'joined') {
    if (life.link.kind === 'away') times.push(life.link.retryAtMs);
    if (life.work.kind === 'retrying') times.push(life.work.retryAtMs);
    if (life.work.kind === 'assigned' && life.work.stage.kind !== 'uploading') times.push(life.work.endsAtMs);
    if (life.work.kind === 'assigned' && life.work.stage.kind === 'upload-held') times.push(life.work.stage.retryAtMs);
  }
  return times.length === 0 ? null : Math.min(...times);
}

const withLife = (state: State, change: Partial<Joined>): State =>
  state.life.kind === 'joined' ? { ...state, life: { ...state.life, ...change } } : state;

const withStage = (state: State, work: Assigned, stage: Stage): State => withLife(state, { work: { ...work, stage } });

/** What the event itself changes. What follows from the new facts is `settle`'s matter. */
function react(state: State, event: ParticipationEvent, policy: ReconnectPolicy, effects: Effect[]): State {
  const { life, memory } = state;
  if (event.kind === 'start' && life.kind !== 'joined') {
    effects.push({ kind: 'request-lock' });
    return { life: JOINED, memory: { ...memory, examples: null, failures: 0, shown: null } };
  }
  if (event.kind === 'examples') return onExamples(state, event.count);
  if (event.kind === 'tick') return onTick(state, event.atMs, effects);
  if (life.kind !== 'joined') return state;

  switch (event.kind) {
    case 'start':
      return resume(state, 'person', effects);
    case 'leave': {
      const left = giveBack(state, life, effects);
      if (life.link.kind !== 'off') effects.push({ kind: 'disconnect' });
      effects.push({ kind: 'release-lock' }, { kind: 'close-trainer' });
      return {
        life: { kind: 'left' },
        memory: { ...left.memory, progress: null, losses: [], shown: null, held: null },
      };
    }
    case 'pause':
      return life.pauses.includes(event.cause) ? state : withLife(state, { pauses: [...life.pauses, event.cause] });
    case 'resume':
      return resume(state, event.cause, effects);
    case 'lock':
      return onLock(state, life, event.held, effects);
    case 'broken':
      return withLife(state, {
        stopped: { state: 'error', reason: event.reason, detail: event.message, endsWith: event.endsWith },
      });
    case 'welcome':
      return life.link.kind === 'connecting' ? onWelcome(state, life.link.attempt, event) : state;
    case 'refused':
      return onRefused(state, life, 'session', event, policy, effects);
    case 'disconnected':
      return onDisconnected(state, life, event, policy, effects);
    case 'status':
      return { ...state, memory: { ...memory, status: event.status } };
    case 'draining':
      return life.link.kind === 'online'
        ? withLife(state, { link: { ...life.link, hintMs: event.retryAfterMs } })
        : state;
    case 'prepared':
      if (life.trainer !== 'preparing') return state;
      if (memory.examples === null) effects.push({ kind: 'count-examples' });
      return { life: { ...life, trainer: 'ready' }, memory: { ...memory, backend: event.backend } };
    case 'unprepared':
      if (life.trainer !== 'preparing') return state;
      return withLife(state, {
        trainer: 'none',
        stopped: { state: 'unsupported', reason: 'backend', detail: event.message, endsWith: 'person' },
      });
    case 'checked-in':
      if (life.work.kind !== 'checking-in') return state;
      if (event.answer.ok) return withLife(state, { work: { kind: 'waiting' } });
      return onRefused(state, life, 'check-in', { ...event, ...refusalOf(event.answer) }, policy, effects);
    case 'retry': {
      if (life.work.kind !== 'waiting' && life.work.kind !== 'checking-in') return state;
      const { afterMs, beforeMs } = event.window;
      const retryAtMs = event.atMs + afterMs + event.roll * Math.max(0, beforeMs - afterMs);
      return withLife(state, { work: { kind: 'retrying', retryAtMs, reason: 'not-selected' } });
    }
    case 'assign':
      return onAssign(state, life, event.assignment, event.atMs, effects);
    case 'round':
      return endRound(state, life, event.end, event.atMs, effects);
    case 'resumed':
      return onResumed(state, life, event, policy, effects);
    case 'weights':
    case 'weights-failed':
    case 'progress':
    case 'trained':
    case 'training-failed':
    case 'upload-progress':
    case 'report-accepted':
    case 'report-refused':
      // C9: what belongs to another assignment than the present one is not heard.
      if (life.work.kind !== 'assigned' || life.work.assignment.token !== event.token) return state;
      return onWork(state, life, life.work, event, policy, effects);
    default:
      return unreachable(event);
  }
}

function resume(state: State, cause: PauseCause, effects: Effect[]): State {
  if (state.life.kind !== 'joined') return state;
  const { life } = state;
  if (cause !== 'person') return withLife(state, { pauses: life.pauses.filter((other) => other !== cause) });
  if (life.lock === 'held') effects.push({ kind: 'count-examples' });
  return { life: { ...life, pauses: [], stopped: null }, memory: { ...state.memory, failures: 0 } };
}

function onExamples(state: State, count: number | null): State {
  const { life } = state;
  const counted = withLife({ ...state, memory: { ...state.memory, examples: count } }, { isCounting: false });
  // A repaired or replaced dataset is worth another try.
  const mended = life.kind === 'joined' && life.stopped?.endsWith === 'data';
  return mended ? withLife(counted, { stopped: null }) : counted;
}

function onLock(state: State, life: Joined, held: boolean, effects: Effect[]): State {
  if (held && life.lock !== 'held') effects.push({ kind: 'count-examples' });
  const stopped = held && life.stopped?.endsWith === 'lock' ? null : life.stopped;
  return withLife(state, { lock: held ? 'held' : 'elsewhere', stopped });
}

function onWelcome(state: State, attempt: number, event: { readonly atMs: number; readonly welcome: Welcome }): State {
  const { participation, status } = event.welcome;
  const known = state.memory.participation;
  const isSame = known !== null && JSON.stringify(known) === JSON.stringify(participation);
  const online = withLife(state, { link: { kind: 'online', attempt, sinceMs: event.atMs, hintMs: null } });
  return {
    life: isSame || online.life.kind !== 'joined' ? online.life : { ...online.life, trainer: 'none' },
    memory: { ...online.memory, participation: isSame ? known : participation, status },
  };
}

/** The link is gone: what was asked of the server is open again, what runs here runs on (C7). */
function cut(state: State, life: Joined, link: Link, effects: Effect[]): State {
  const { work } = life;
  if (work.kind === 'assigned') {
    const isSending = work.stage.kind === 'uploading' || work.stage.kind === 'upload-held';
    if (work.stage.kind === 'uploading') effects.push({ kind: 'stop-upload', token: work.assignment.token });
    return withLife(state, {
      link,
      work: { ...work, standing: 'unconfirmed', stage: isSending ? { kind: 'trained' } : work.stage },
    });
  }
  if (work.kind === 'reported') return withLife(state, { link, work: { ...work, standing: 'unconfirmed' } });
  // A retry window is kept over a short cut, lest a reconnect be a way around it (C6).
  return withLife(state, { link, work: work.kind === 'retrying' ? work : { kind: 'none' } });
}

function onDisconnected(
  state: State,
  life: Joined,
  event: { readonly atMs: number; readonly roll: number },
  policy: ReconnectPolicy,
  effects: Effect[],
): State {
  const { link } = life;
  if (link.kind === 'off' || link.kind === 'away') return state;
  const wasGood = link.kind === 'online' && event.atMs - link.sinceMs >= GOOD_SESSION_MS;
  const attempt = wasGood ? 0 : link.attempt;
  const hintMs = link.kind === 'online' ? link.hintMs : null;
  const retryAtMs = event.atMs + policy.delayMs(attempt, hintMs, event.roll);
  const reason = hintMs === null ? null : ('draining' as const);
  return cut(state, life, { kind: 'away', attempt: attempt + 1, retryAtMs, reason }, effects);
}

interface Refused {
  readonly atMs: number;
  readonly roll: number;
  readonly reason: RefusalReason;
  readonly message: string;
  readonly retryAfterMs: number | null;
}

const refusalOf = ({ reason, message, retryAfterMs }: Refusal): Omit<Refused, 'atMs' | 'roll'> => ({
  reason,
  message,
  retryAfterMs: retryAfterMs ?? null,
});

/** What was refused: the session itself, being available, or the question for an assignment. */
function onRefused(
  state: State,
  life: Joined,
  what: 'session' | 'check-in' | 'resume',
  event: Refused,
  policy: ReconnectPolicy,
  effects: Effect[],
): State {
  const { link } = life;
  if (link.kind === 'off' || link.kind === 'away') return state;
  const stopped = stopOf(event.reason, event.message);
  if (stopped !== null) return withLife(state, { stopped });
  const hintMs = event.retryAfterMs ?? (event.reason === 'other-tab' ? OTHER_TAB_RETRY_MS : null);
  const retryAtMs = event.atMs + policy.delayMs(link.attempt, hintMs, event.roll);
  if (link.kind === 'online' && what === 'check-in') {
    const work = { kind: 'retrying', retryAtMs, reason: event.reason } as const;
    return withLife(state, { link: { ...link, attempt: link.attempt + 1 }, work });
  }
  if (what !== 'session') effects.push({ kind: 'disconnect' });
  return cut(state, life, { kind: 'away', attempt: link.attempt + 1, retryAtMs, reason: event.reason }, effects);
}

function stopOf(reason: RefusalReason, detail: string): Stop | null {
  if (reason === 'replaced') return { state: 'other-tab', reason, detail, endsWith: 'lock' };
  return FINAL.has(reason) ? { state: 'error', reason, detail, endsWith: 'person' } : null;
}

/** C8: one assignment at a time; the newest word of the server holds. */
function onAssign(state: State, life: Joined, assignment: Assignment, atMs: number, effects: Effect[]): State {
  const { work } = life;
  if (life.link.kind !== 'online') return state;
  const endsAtMs = atMs + assignment.remainingMs + DEADLINE_SLACK_MS;
  if (work.kind === 'assigned' && work.assignment.token === assignment.token)
    return withLife(state, { work: { ...work, standing: 'confirmed', endsAtMs } });
  if (work.kind === 'reported' && work.assignment.token === assignment.token) return state;
  const free = work.kind === 'assigned' ? giveBack(state, life, effects, { checkOut: false }) : state;
  return {
    life: {
      ...life,
      work: {
        kind: 'assigned',
        assignment,
        standing: 'confirmed',
        endsAtMs,
        backendLosses: 0,
        holds: 0,
        toldAtMs: atMs,
        stage: { kind: 'new' },
      },
    },
    memory: { ...free.memory, progress: null, losses: [], shown: null },
  };
}

function onResumed(
  state: State,
  life: Joined,
  event: Extract<Happening, { kind: 'resumed' }> & { readonly atMs: number; readonly roll: number },
  policy: ReconnectPolicy,
  effects: Effect[],
): State {
  const { work } = life;
  if ((work.kind !== 'assigned' && work.kind !== 'reported') || work.standing !== 'asking') return state;
  if (work.assignment.token !== event.token) return state;
  const { answer } = event;
  if (!answer.ok) {
    if (REPORT_ENDS.has(answer.reason)) return endRound(state, life, null, event.atMs, effects);
    return onRefused(state, life, 'resume', { ...event, ...refusalOf(answer) }, policy, effects);
  }
  if (answer.receipt !== null) return fromReceipt(state, life, work, answer.receipt, event.atMs, effects);
  if (answer.assignment === null || answer.assignment.token !== work.assignment.token)
    return endRound(state, life, null, event.atMs, effects);
  if (work.kind === 'reported') return withLife(state, { work: { ...work, standing: 'confirmed' } });
  const endsAtMs = event.atMs + answer.assignment.remainingMs + DEADLINE_SLACK_MS;
  // A room that is told of again may deliver in another way: what was never begun takes the new one.
  return withLife(state, { work: { ...work, assignment: answer.assignment, standing: 'confirmed', endsAtMs } });
}

type OfWork = Extract<Happening, { token: AssignmentToken }> & { readonly atMs: number; readonly roll: number };

function onWork(
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
      return withStage({ ...state, memory: { ...memory, lastReport: event.metrics } }, work, { kind: 'trained' });
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
      const stopped = stopOf(event.reason, event.message);
      if (stopped !== null) return withLife(state, { stopped });
      if (isRejection(event.reason) || REPORT_ENDS.has(event.reason))
        return refuseReport(state, life, work, event, effects);
      if (event.reason === 'chunk' && work.holds >= DAMAGED_UPLOADS_MAXIMUM)
        return failWork(state, life, work, 'chunk', event.message, event.atMs, effects);
      const retryAtMs = event.atMs + policy.delayMs(work.holds, event.retryAfterMs, event.roll);
      const stage = { kind: 'upload-held', retryAtMs, reason: event.reason } as const;
      return withStage(state, { ...work, holds: work.holds + 1 }, stage);
    }
    default:
      return unreachable(event);
  }
}

/** Refusals of a report that end the assignment without being a rejection of its content. */
const REPORT_ENDS: ReadonlySet<RefusalReason> = new Set(['late', 'surplus', 'conflict', 'not-assigned', 'wrong-round']);

function onTrainingFailed(
  state: State,
  life: Joined,
  work: Assigned,
  event: Extract<OfWork, { kind: 'training-failed' }>,
  effects: Effect[],
): State {
  switch (event.reason) {
    case 'no-examples':
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
  if (life.link.kind !== 'online' || atMs - work.toldAtMs < TELL_EVERY_MS) return work;
  effects.push({ kind: 'tell', token: work.assignment.token, phase, share });
  return { ...work, toldAtMs: atMs };
}

function onTick(state: State, atMs: number, effects: Effect[]): State {
  const shownOver = state.memory.shown !== null && state.memory.shown.untilMs <= atMs;
  const seen: State = shownOver ? { ...state, memory: { ...state.memory, shown: null } } : state;
  if (seen.life.kind !== 'joined') return seen;
  const { link, work } = seen.life;
  if (link.kind === 'away' && link.retryAtMs <= atMs) {
    effects.push({ kind: 'connect' });
    return onTick(withLife(seen, { link: { kind: 'connecting', attempt: link.attempt } }), atMs, effects);
  }
  if (work.kind === 'retrying' && work.retryAtMs <= atMs) return withLife(seen, { work: { kind: 'none' } });
  if (work.kind !== 'assigned') return seen;
  if (work.stage.kind !== 'uploading' && work.endsAtMs <= atMs) return endRound(seen, seen.life, null, atMs, effects);
  if (work.stage.kind === 'upload-held' && work.stage.retryAtMs <= atMs)
    return withStage(seen, work, { kind: 'trained' });
  return seen;
}
