import { unreachable } from '../../shared/assert.ts';
import { settle } from './participation-advance.ts';
import { endRound, giveBack } from './participation-ends.ts';
import {
  onAssign,
  onDisconnected,
  onRefused,
  onResumed,
  onWelcome,
  onWoken,
  refusalOf,
} from './participation-session.ts';
import type { Effect, Joined, ParticipationEvent, State } from './participation-state.ts';
import { withLife, withStage } from './participation-state.ts';
import { onWork } from './participation-work.ts';
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
    misread: 0,
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
    if (life.link.kind === 'away' && life.lock === 'held') times.push(life.link.retryAtMs);
    if (life.work.kind === 'retrying') times.push(life.work.retryAtMs);
    if (life.work.kind === 'assigned' && life.work.stage.kind !== 'uploading') times.push(life.work.endsAtMs);
    if (life.work.kind === 'assigned' && life.work.stage.kind === 'upload-held') times.push(life.work.stage.retryAtMs);
  }
  return times.length === 0 ? null : Math.min(...times);
}

/** What the event itself changes. What follows from the new facts is `settle`'s matter. */
function react(state: State, event: ParticipationEvent, policy: ReconnectPolicy, effects: Effect[]): State {
  const { life, memory } = state;
  if (event.kind === 'start' && life.kind !== 'joined') {
    effects.push({ kind: 'request-lock' });
    return { life: JOINED, memory: { ...memory, examples: null, failures: 0, misread: 0, shown: null } };
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
    case 'choose':
      return onChoose(state, life, effects);
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
    case 'slept':
      effects.push({ kind: 'release-lock' });
      return withLife(state, { lock: 'let-go' });
    case 'woken':
      // Only who let the lock go asks for it again; until the answer nothing begins.
      if (life.lock === 'let-go') effects.push({ kind: 'request-lock' });
      return onWoken(state, life);
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
      if (event.answer.ok) return { life: { ...life, work: { kind: 'waiting' } }, memory: { ...memory, misread: 0 } };
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
  return { life: { ...life, pauses: [], stopped: null }, memory: { ...state.memory, failures: 0, misread: 0 } };
}

/** C23: what is trained already is still sent; what is not begins anew, on the new backend. */
function onChoose(state: State, life: Joined, effects: Effect[]): State {
  const { work, trainer } = life;
  if (trainer === 'none') return state;
  const isTrained = work.kind === 'assigned' && ['trained', 'uploading', 'upload-held'].includes(work.stage.kind);
  const given = isTrained || work.kind === 'reported' ? state : giveBack(state, life, effects);
  return withLife(given, { trainer: 'lost' });
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

function onTick(state: State, atMs: number, effects: Effect[]): State {
  const shownOver = state.memory.shown !== null && state.memory.shown.untilMs <= atMs;
  const seen: State = shownOver ? { ...state, memory: { ...state.memory, shown: null } } : state;
  if (seen.life.kind !== 'joined') return seen;
  const { lock, link, work } = seen.life;
  if (lock === 'held' && link.kind === 'away' && link.retryAtMs <= atMs) {
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
