import type { Refusal, RefusalReason } from '../../shared/errors.ts';
import type { Assignment, Welcome } from '../../shared/protocol/index.ts';
import { endRound, fromReceipt, giveBack, REPORT_ENDS } from './participation-ends.ts';
import {
  type Effect,
  type Happening,
  type Joined,
  type Link,
  type Memory,
  type State,
  type Stop,
  withLife,
} from './participation-state.ts';
import type { ReconnectPolicy } from './reconnect-policy.ts';

/** What the session brings: that it opens, is cut or refused, and what it says of assignments. */

/** Work goes on this long past the announced end of the round: messages take time, and the server's word ends it. */
const DEADLINE_SLACK_MS = 5_000;
/** A session that lasted this long was a good one: the next back-off starts from the beginning. */
const GOOD_SESSION_MS = 10_000;
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

export function onWelcome(
  state: State,
  attempt: number,
  event: { readonly atMs: number; readonly welcome: Welcome },
): State {
  const { participation, status } = event.welcome;
  const known = state.memory.participation;
  const isSame = known !== null && JSON.stringify(known) === JSON.stringify(participation);
  const online = withLife(state, { link: { kind: 'online', attempt, sinceMs: event.atMs, hintMs: null } });
  return {
    life: isSame || online.life.kind !== 'joined' ? online.life : { ...online.life, trainer: 'none' },
    memory: { ...online.memory, participation: isSame ? known : participation, status },
  };
}

/** After a freeze the session may be gone without a word: what the server knows is asked again. */
export function onWoken(state: State, { link, work }: Joined): State {
  const isInRound = work.kind === 'assigned' || work.kind === 'reported';
  if (link.kind !== 'online' || !isInRound || work.standing !== 'confirmed') return state;
  return withLife(state, { work: { ...work, standing: 'unconfirmed' } });
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

export function onDisconnected(
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

export const refusalOf = ({ reason, message, retryAfterMs }: Refusal): Omit<Refused, 'atMs' | 'roll'> => ({
  reason,
  message,
  retryAfterMs: retryAfterMs ?? null,
});

/** What was refused: the session itself, being available, or the question for an assignment. */
export function onRefused(
  state: State,
  life: Joined,
  what: 'session' | 'check-in' | 'resume',
  event: Refused,
  policy: ReconnectPolicy,
  effects: Effect[],
): State {
  const { link } = life;
  if (link.kind === 'off' || link.kind === 'away') return state;
  const stopped = stopOf(event.reason, event.message, state.memory);
  if (stopped !== null) return withLife(state, { stopped });
  const heard = heardRefusal(state, event.reason);
  const hintMs = event.retryAfterMs ?? (event.reason === 'other-tab' ? OTHER_TAB_RETRY_MS : null);
  const retryAtMs = event.atMs + policy.delayMs(link.attempt, hintMs, event.roll);
  if (link.kind === 'online' && what === 'check-in') {
    const work = { kind: 'retrying', retryAtMs, reason: event.reason } as const;
    return withLife(heard, { link: { ...link, attempt: link.attempt + 1 }, work });
  }
  if (what !== 'session') effects.push({ kind: 'disconnect' });
  return cut(heard, life, { kind: 'away', attempt: link.attempt + 1, retryAtMs, reason: event.reason }, effects);
}

/** What could not be read may have been damaged on its way: it is no reason to stop before it happens again. */
const MISREAD_MAXIMUM = 3;

export const heardRefusal = (state: State, reason: RefusalReason): State =>
  reason === 'bad-message' ? { ...state, memory: { ...state.memory, misread: state.memory.misread + 1 } } : state;

export function stopOf(reason: RefusalReason, detail: string, { misread }: Pick<Memory, 'misread'>): Stop | null {
  if (reason === 'bad-message' && misread + 1 < MISREAD_MAXIMUM) return null;
  if (reason === 'replaced') return { state: 'other-tab', reason, detail, endsWith: 'lock' };
  return FINAL.has(reason) ? { state: 'error', reason, detail, endsWith: 'person' } : null;
}

/** C8: one assignment at a time; the newest word of the server holds. */
export function onAssign(state: State, life: Joined, assignment: Assignment, atMs: number, effects: Effect[]): State {
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

export function onResumed(
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
