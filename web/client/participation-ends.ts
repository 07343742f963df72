import { type AbandonReason, isRejection, type RefusalReason } from '../../shared/errors.ts';
import type { Receipt, RoundEnd } from '../../shared/protocol/index.ts';
import type { Assigned, Effect, Happening, Joined, Memory, Shown, State, Work } from './participation-state.ts';
import type { RoundNote } from './view.ts';

/** How a part in a round ends: each end leaves one note, frees the report, and says where the tab goes next. */

/** The end of a round stays on the screen this long, unless the next one begins. */
const SHOWN_MS = 5_000;
/** After this many own failures or rejections in a row the tab stops and says why. */
const FAILURES_MAXIMUM = 5;
const FAILURE_BACKOFF_MS = 1_000;
const NOTES_KEPT = 100;

/** Refusals of a report that end the assignment without being a rejection of its content. */
export const REPORT_ENDS: ReadonlySet<RefusalReason> = new Set([
  'late',
  'surplus',
  'conflict',
  'not-assigned',
  'wrong-round',
]);

type InRound = Assigned | Extract<Work, { kind: 'reported' }>;

const isOnline = (life: Joined): boolean => life.link.kind === 'online';

/** One note a part, or a round that it was not chosen for: the newest word replaces what was known. */
function noted(memory: Memory, note: RoundNote): Memory {
  const isSame = (other: RoundNote): boolean =>
    note.updateId === undefined || other.updateId === undefined
      ? other.round === note.round
      : other.updateId === note.updateId;
  const others = memory.notes.filter((other) => !isSame(other));
  return { ...memory, notes: [...others, note].slice(-NOTES_KEPT) };
}

/** An evaluation round makes no version: what it counts in is the figure of the one that it scored. */
const isScored = ({ assignment }: InRound, outcome: RoundNote['outcome']): boolean =>
  assignment.purpose === 'evaluate' && (outcome === 'counted' || outcome === 'accepted');

const noteOf = (
  work: InRound,
  outcome: RoundNote['outcome'],
  reason: RefusalReason | AbandonReason | null,
  more: {
    readonly version?: number | undefined;
    readonly receipt?: Receipt;
    readonly sentBytes?: number;
    readonly round?: number | undefined;
  } = {},
): RoundNote => ({
  ...(work.assignment.schedule === 'buffered'
    ? { round: more.receipt?.round ?? more.round ?? work.assignment.round, updateId: work.assignment.updateId }
    : { round: work.assignment.round }),
  purpose: work.assignment.purpose ?? 'train',
  outcome,
  reason,
  sentBytes: more.sentBytes ?? (work.kind === 'reported' ? work.sentBytes : 0),
  cohort: work.assignment.cohort,
  version: more.version ?? (isScored(work, outcome) ? work.assignment.base.version : null),
  receipt: more.receipt ?? (work.kind === 'reported' ? work.receipt : null),
});

const shownAs = (
  work: InRound,
  atMs: number,
  state: Shown['state'],
  reason: string | null = null,
  more: { readonly detail?: string; readonly version?: number | undefined } = {},
): Shown => ({
  state,
  reason,
  detail: more.detail ?? null,
  round: work.assignment.round,
  purpose: work.assignment.purpose ?? 'train',
  version: more.version ?? null,
  untilMs: atMs + SHOWN_MS,
});

/**
 * Gives back what the server may still count on: the assignment, or being available. A sent report stays sent, and a
 * retry window stays (C4, C6).
 */
export function giveBack(state: State, life: Joined, effects: Effect[], { checkOut = true } = {}): State {
  const { work } = life;
  if (work.kind === 'none' || work.kind === 'retrying') return state;
  if (work.kind === 'reported') return { ...state, life: { ...life, work: { kind: 'none' } } };
  if (work.kind === 'assigned') effects.push({ kind: 'stop-work', token: work.assignment.token });
  if (checkOut && isOnline(life)) effects.push({ kind: 'check-out' });
  const memory = work.kind === 'assigned' ? noted(state.memory, noteOf(work, 'dropped', null)) : state.memory;
  return { life: { ...life, work: { kind: 'none' } }, memory: { ...memory, progress: null, losses: [] } };
}

/** An evaluation round asks for what this tab does not have: it sits that one out and is available again (C24). */
export function decline(state: State, life: Joined, work: Assigned, effects: Effect[]): State {
  effects.push({ kind: 'stop-work', token: work.assignment.token });
  if (isOnline(life)) effects.push({ kind: 'check-out' });
  return {
    life: { ...life, work: { kind: 'none' } },
    memory: { ...noted(state.memory, noteOf(work, 'declined', null)), progress: null, losses: [] },
  };
}

/** This tab could not do its part: gives it back and tries again later, a few times (C12). */
export function failWork(
  state: State,
  life: Joined,
  work: Assigned,
  reason: string,
  detail: string,
  atMs: number,
  effects: Effect[],
): State {
  effects.push({ kind: 'stop-work', token: work.assignment.token });
  if (isOnline(life)) effects.push({ kind: 'check-out' });
  return backOff(
    { life, memory: noted(state.memory, noteOf(work, 'dropped', null)) },
    life,
    'failed',
    reason,
    detail,
    atMs,
  );
}

function backOff(
  { memory }: State,
  life: Joined,
  kind: 'failed' | RefusalReason,
  reason: string,
  detail: string,
  atMs: number,
): State {
  const failures = memory.failures + 1;
  const isTooMuch = failures >= FAILURES_MAXIMUM;
  const retryAtMs = atMs + FAILURE_BACKOFF_MS * 2 ** memory.failures;
  return {
    life: {
      ...life,
      stopped: isTooMuch ? { state: 'error', reason, detail, endsWith: 'person' } : life.stopped,
      work: {
        kind: 'retrying',
        retryAtMs,
        reason: kind,
        ...(kind === 'failed' ? { failure: { reason, detail } } : {}),
      },
    },
    memory: { ...memory, failures },
  };
}

/** The server refused the report for good. */
export function refuseReport(
  state: State,
  life: Joined,
  work: Assigned,
  event: Extract<Happening, { kind: 'report-refused' }> & { readonly atMs: number },
  effects: Effect[],
): State {
  const { reason, message: detail, sentBytes, atMs } = event;
  effects.push({ kind: 'stop-work', token: work.assignment.token });
  if (isRejection(reason) && reason !== 'stale') {
    // Values like these come from a lost graphics context: the next round starts on a fresh one.
    const isSick = reason === 'zero' || reason === 'not-finite';
    const memory = {
      ...noted(state.memory, noteOf(work, 'rejected', reason, { sentBytes })),
      shown: shownAs(work, atMs, 'rejected', reason, { detail }),
    };
    return backOff(
      { life, memory },
      { ...life, trainer: isSick ? 'lost' : life.trainer },
      reason,
      reason,
      detail,
      atMs,
    );
  }
  const outcome =
    reason === 'late' || reason === 'surplus'
      ? reason
      : reason === 'conflict' || reason === 'stale'
        ? 'rejected'
        : 'dropped';
  const memory = noted(state.memory, noteOf(work, outcome, reason, { sentBytes }));
  const shown = shownAs(work, atMs, outcome === 'dropped' ? 'late' : outcome, reason, { detail });
  return { life: { ...life, work: { kind: 'none' } }, memory: { ...memory, shown } };
}

/** The server has the report: now, or when asked after a reconnect. */
export function fromReceipt(
  state: State,
  life: Joined,
  work: InRound,
  receipt: Receipt,
  atMs: number,
  effects: Effect[],
  sentBytes?: number,
): State {
  if (work.kind === 'assigned') effects.push({ kind: 'stop-work', token: work.assignment.token });
  const sent = sentBytes ?? (work.kind === 'reported' ? work.sentBytes : 0);
  const counted = state.memory.counted + (work.kind === 'assigned' ? 1 : 0);
  const memory = { ...state.memory, counted, failures: 0 };
  if (receipt.status === 'accepted') {
    const reported: Work = {
      kind: 'reported',
      assignment: work.assignment,
      receipt,
      sentBytes: sent,
      standing: 'confirmed',
    };
    const note = noteOf(reported, 'accepted', null, { receipt });
    if (work.assignment.schedule !== 'buffered')
      return { life: { ...life, work: reported }, memory: noted(memory, note) };
    // C25: what becomes of it the end of a round will tell; this tab goes on.
    const shown = shownAs(work, atMs, 'accepted');
    return { life: { ...life, work: { kind: 'none' } }, memory: { ...noted(memory, note), shown } };
  }
  const isCounted = receipt.status === 'counted';
  const reason = receipt.reason ?? null;
  const note = noteOf(work, isCounted ? 'counted' : 'abandoned', reason, {
    version: receipt.version,
    receipt,
    sentBytes: sent,
  });
  const shown = shownAs(work, atMs, isCounted ? 'accepted' : 'abandoned', reason, { version: receipt.version });
  return { life: { ...life, work: { kind: 'none' } }, memory: { ...noted(memory, note), shown } };
}

/**
 * A round ended; or, with `end` null, the server no longer knows this part of it or its time is up. A round this tab
 * has no part in changes nothing but the note of a report that was sent before a pause.
 */
export function endRound(state: State, life: Joined, end: RoundEnd | null, atMs: number, effects: Effect[]): State {
  const { work } = life;
  // C25: a part that this round's end does not name goes on in the next one.
  const outlives = work.kind === 'assigned' && work.assignment.schedule === 'buffered' && end?.yours === null;
  if (end !== null && outlives) return { ...state, memory: settledNotes(state.memory, end) };
  const isMine =
    (work.kind === 'assigned' || work.kind === 'reported') && (end === null || end.number >= work.assignment.round);
  if (!isMine) {
    if (end === null) return state;
    // C28: the server had given it a part, and took it for that out of those who wait.
    const isUntold = (work.kind === 'waiting' || work.kind === 'checking-in') && isLost(end);
    const next: Work = isUntold ? { kind: 'none' } : work;
    return { life: { ...life, work: next }, memory: settledNotes(state.memory, end) };
  }
  if (work.kind === 'assigned') {
    effects.push({ kind: 'stop-work', token: work.assignment.token });
    if (end === null && isOnline(life)) effects.push({ kind: 'check-out' });
  }
  const settled = end === null ? state.memory : settledNotes(state.memory, end);
  const over: State = { life: { ...life, work: { kind: 'none' } }, memory: { ...settled, progress: null } };
  // A receipt outlives the round it was for: what became of it is not known here.
  if (end === null && work.kind === 'reported') return over;
  const isAccepted = work.kind === 'reported' || end?.yours === 'accepted';
  const { outcome, reason, shown } = isAccepted && end !== null ? accepted(end) : missed(end);
  const version = outcome === 'counted' ? end?.version : undefined;
  const counted = over.memory.counted + (isAccepted && work.kind === 'assigned' ? 1 : 0);
  return {
    ...over,
    memory: {
      ...noted(over.memory, noteOf(work, outcome, reason, { version, round: end?.number })),
      counted,
      shown: shownAs(work, atMs, shown, reason, { version }),
    },
  };
}

const isLost = ({ yours }: RoundEnd): boolean => yours === 'dropped' || yours === 'late' || yours === 'surplus';

interface End {
  readonly outcome: RoundNote['outcome'];
  readonly reason: RefusalReason | AbandonReason | null;
  readonly shown: Shown['state'];
}

const accepted = (end: RoundEnd): End =>
  end.outcome === 'committed'
    ? { outcome: 'counted', reason: null, shown: 'accepted' }
    : { outcome: 'abandoned', reason: end.reason ?? null, shown: 'abandoned' };

function missed(end: RoundEnd | null): End {
  const yours = end?.yours ?? 'dropped';
  if (yours === 'rejected') return { outcome: 'rejected', reason: end?.yoursReason ?? null, shown: 'rejected' };
  if (end?.outcome === 'abandoned') return { outcome: 'abandoned', reason: end.reason ?? null, shown: 'abandoned' };
  if (yours === 'surplus') return { outcome: 'surplus', reason: null, shown: 'surplus' };
  if (yours === 'late') return { outcome: 'late', reason: null, shown: 'late' };
  return { outcome: 'dropped', reason: null, shown: 'late' };
}

/** Reports that were accepted before this tab paused, or went on, get their end all the same. */
function settledNotes(memory: Memory, end: RoundEnd): Memory {
  const isAwaited = (note: RoundNote): boolean => note.round === end.number && note.outcome === 'accepted';
  if (!memory.notes.some(isAwaited)) return memory;
  const { outcome, reason } = accepted(end);
  const notes = memory.notes.map((note): RoundNote => {
    if (!isAwaited(note)) return note;
    const counted = note.purpose === 'evaluate' ? note.version : (end.version ?? null);
    return { ...note, outcome, reason, version: outcome === 'counted' ? counted : null };
  });
  return { ...memory, notes };
}
