import { unreachable } from '../../shared/assert.ts';
import type { AbandonReason, RejectionReason } from '../../shared/errors.ts';
import type { ClientId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { seededRng } from '../../shared/rng.ts';
import type { RoundPolicy } from '../../shared/task/spec.ts';
import { drawn, type Networks } from './selection.ts';

/**
 * One synchronous round: selecting → reporting → aggregating → ended. The rules are numbered in ROUNDS.md. Pure: time
 * comes with the event (milliseconds since 1970), chance from the seed, and what has to be done goes out as effects.
 */

/** One client's part in the round; its index in `parts` is the slot. */
export type Part = { readonly clientId: ClientId } & (
  | { readonly standing: 'open' | 'storing'; readonly awayUntil: number | null }
  | { readonly standing: 'rejected'; readonly reason: RejectionReason }
  | { readonly standing: 'accepted' | 'late' | 'surplus' | 'dropped' }
);
export type Standing = Part['standing'];

interface Selecting {
  readonly phase: 'selecting';
  readonly policy: RoundPolicy;
  readonly seed: number;
  readonly selectionEndsAt: number;
  /** Set while enough wait and more may come. */
  readonly settlesAt: number | null;
  readonly available: readonly ClientId[];
  /** What each is worth, as far as it is known (R22); null: all are alike. */
  readonly utilities: ReadonlyMap<ClientId, number> | null;
  /** Where those came from that wait, as far as it is known (R25). */
  readonly networks: Networks;
}

interface Reporting {
  readonly phase: 'reporting';
  readonly policy: RoundPolicy;
  readonly reportingEndsAt: number;
  readonly parts: readonly Part[];
  /** Why nothing more is let in, while the last reports become durable. */
  readonly closing: 'deadline' | 'stopped' | 'failed' | null;
}

interface Aggregating {
  readonly phase: 'aggregating';
  readonly policy: RoundPolicy;
  readonly parts: readonly Part[];
}

interface Ended {
  readonly phase: 'ended';
  readonly parts: readonly Part[];
  readonly outcome: RoundOutcome;
}

export type RoundState = Selecting | Reporting | Aggregating | Ended;
export type RoundOutcome =
  /** `version` is null where the round was not to make one. */
  | { readonly kind: 'committed'; readonly version: number | null }
  | { readonly kind: 'abandoned'; readonly reason: AbandonReason };

export type RoundEvent = {
  readonly at: number;
} /** A client is there; `online` counts all who are connected to the task. */ & (
  | {
      readonly kind: 'available';
      readonly clientId: ClientId;
      readonly online: number;
      readonly network?: string | undefined;
    }
  /** It left before it was selected. */
  | { readonly kind: 'unavailable'; readonly clientId: ClientId }
  /** A member's connection ended, came back, or the member left for good. */
  | { readonly kind: 'away' | 'back' | 'gone'; readonly slot: number }
  /** A member's report passed every check and asks to be made durable. */
  | { readonly kind: 'checked'; readonly slot: number }
  /** It is durable; or it could not be made so. */
  | { readonly kind: 'stored' | 'unstored'; readonly slot: number }
  | { readonly kind: 'rejected'; readonly slot: number; readonly reason: RejectionReason }
  /** A member had its data deleted. */
  | { readonly kind: 'withdrawn'; readonly slot: number }
  | { readonly kind: 'tick' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'committed'; readonly version: number | null }
  | { readonly kind: 'failed' }
  /** What came of it is not to be published (G1). */
  | { readonly kind: 'unfit' }
);

export type RoundEffect =
  /** Persist the cohort (slot by slot), then send the assignments; the others get a retry window. */
  | {
      readonly kind: 'assign';
      readonly cohort: readonly ClientId[];
      readonly others: readonly ClientId[];
      readonly reportingEndsAt: number;
    }
  /** Finish the aggregate and commit; answer with `committed`, `unfit` or `failed`. */
  | { readonly kind: 'aggregate' }
  /** Make the end durable and tell everybody. */
  | { readonly kind: 'abandon'; readonly reason: AbandonReason };

export interface RoundStep {
  readonly state: RoundState;
  readonly effects: readonly RoundEffect[];
}

/** A round begins to select, from those who already wait. */
export function openRound(options: {
  readonly policy: RoundPolicy;
  readonly seed: number;
  readonly available: readonly ClientId[];
  readonly online: number;
  readonly utilities?: ReadonlyMap<ClientId, number> | null;
  readonly networks?: Networks;
  readonly at: number;
}): RoundStep {
  const { policy, seed, available, online, utilities = null, networks = new Map(), at } = options;
  const selectionEndsAt = at + policy.selectionDeadlineMs;
  const fixed = { policy, seed, selectionEndsAt, utilities, networks } as const;
  const state: Selecting = { phase: 'selecting', ...fixed, settlesAt: null, available };
  return select(state, at, online);
}

export function step(state: RoundState, event: RoundEvent): RoundStep {
  // What time decided comes first, so that a late timer changes nothing (R1).
  const due = expire(state, event.at);
  const next = apply(due.state, event);
  return { state: next.state, effects: [...due.effects, ...next.effects] };
}

/** When `tick` is due; null when the round waits for something other than time. */
export function wakeAt(state: RoundState): number | null {
  switch (state.phase) {
    case 'selecting':
      return Math.min(state.selectionEndsAt, state.settlesAt ?? state.selectionEndsAt);
    case 'reporting': {
      if (state.closing !== null) return null;
      let earliest = state.reportingEndsAt;
      for (const part of state.parts)
        if (part.standing === 'open' && part.awayUntil !== null) earliest = Math.min(earliest, part.awayUntil);
      return earliest;
    }
    case 'aggregating':
    case 'ended':
      return null;
    default:
      return unreachable(state);
  }
}

/** How many parts stand how. */
export function tally(parts: readonly Part[]): Record<Standing, number> {
  const counts = { open: 0, storing: 0, accepted: 0, rejected: 0, late: 0, surplus: 0, dropped: 0 };
  for (const part of parts) counts[part.standing] += 1;
  return counts;
}

/** How many a full cohort has; the rounding error of goal × overSelection must not ask for one more. */
export const cohortSize = (policy: RoundPolicy): number => Math.ceil(policy.goal * policy.overSelection - 1e-9);

const stay = (state: RoundState): RoundStep => ({ state, effects: [] });

function expire(state: RoundState, at: number): RoundStep {
  if (state.phase === 'selecting') {
    const due = at >= state.selectionEndsAt || (state.settlesAt !== null && at >= state.settlesAt);
    return due ? select(state, at, 0) : stay(state);
  }
  if (state.phase !== 'reporting' || state.closing !== null) return stay(state);
  const isOver = at >= state.reportingEndsAt;
  const isGone = (part: Part): boolean =>
    part.standing === 'open' && part.awayUntil !== null && part.awayUntil <= Math.min(at, state.reportingEndsAt);
  const parts = state.parts.some(isGone)
    ? state.parts.map((part): Part => (isGone(part) ? { clientId: part.clientId, standing: 'dropped' } : part))
    : state.parts;
  if (parts === state.parts && !isOver) return stay(state);
  return conclude({ ...state, parts, closing: isOver ? 'deadline' : null });
}

function apply(state: RoundState, event: RoundEvent): RoundStep {
  switch (state.phase) {
    case 'selecting':
      return whileSelecting(state, event);
    case 'reporting':
      return whileReporting(state, event);
    case 'aggregating':
      return whileAggregating(state, event);
    case 'ended':
      return stay(state);
    default:
      return unreachable(state);
  }
}

function whileSelecting(state: Selecting, event: RoundEvent): RoundStep {
  switch (event.kind) {
    case 'available': {
      const { clientId, network, online, at } = event;
      const networks = network === undefined ? state.networks : new Map(state.networks).set(clientId, network);
      const isKnown = state.available.includes(clientId);
      const available = isKnown ? state.available : [...state.available, clientId];
      return select({ ...state, available, networks }, at, online);
    }
    case 'unavailable': {
      const available = state.available.filter((clientId) => clientId !== event.clientId);
      const enough = available.length >= cohortSize(state.policy);
      return stay({ ...state, available, settlesAt: enough ? state.settlesAt : null });
    }
    case 'stop':
      return abandon([], 'stopped');
    case 'failed':
      return abandon([], 'failed');
    default:
      return stay(state);
  }
}

/** Closes the selection if it is time (R3 to R6); `online` is how many might still come. */
function select(state: Selecting, at: number, online: number): RoundStep {
  const { policy, available } = state;
  const wanted = cohortSize(policy);
  const isOver = at >= state.selectionEndsAt;
  if (isOver && available.length < policy.minimum) return abandon([], 'too-few');
  if (!isOver && available.length < wanted) return stay(state);
  const isSettled = available.length >= online || (state.settlesAt !== null && at >= state.settlesAt);
  if (!isOver && !isSettled) return stay({ ...state, settlesAt: state.settlesAt ?? at + LIMITS.selectionSettleMs });
  const { cohort, others } = drawn(available, wanted, state.utilities, seededRng(state.seed), state.networks);
  const reportingEndsAt = at + policy.reportingDeadlineMs;
  const parts = cohort.map((clientId): Part => ({ clientId, standing: 'open', awayUntil: null }));
  return {
    state: { phase: 'reporting', policy, reportingEndsAt, parts, closing: null },
    effects: [{ kind: 'assign', cohort, others, reportingEndsAt }],
  };
}

function whileReporting(state: Reporting, event: RoundEvent): RoundStep {
  if (event.kind === 'stop') return conclude({ ...state, closing: 'stopped' });
  if (event.kind === 'failed') return conclude({ ...state, closing: 'failed' });
  if (event.kind === 'tick') return conclude(state);
  if (!('slot' in event)) return stay(state);
  const part = state.parts[event.slot];
  const next = part && move(part, event, state);
  if (next === undefined || next === part) return stay(state);
  return conclude({ ...state, parts: state.parts.with(event.slot, next) });
}

/** What one event does to one part while reports come in. */
function move(part: Part, event: Extract<RoundEvent, { readonly slot: number }>, state: Reporting): Part {
  const { clientId, standing } = part;
  const isPending = standing === 'open' || standing === 'storing';
  switch (event.kind) {
    case 'away':
      return isPending ? { ...part, awayUntil: event.at + LIMITS.reconnectGraceMs } : part;
    case 'back':
      return isPending ? { ...part, awayUntil: null } : part;
    case 'gone':
      return standing === 'open' ? { clientId, standing: 'dropped' } : part;
    case 'checked': {
      if (standing !== 'open' || state.closing !== null) return part;
      const { accepted, storing } = tally(state.parts);
      if (accepted + storing >= state.policy.goal) return { clientId, standing: 'surplus' };
      return { ...part, standing: 'storing' };
    }
    case 'stored':
      return standing === 'storing' ? { clientId, standing: 'accepted' } : part;
    case 'unstored':
      return standing === 'storing' ? { ...part, standing: 'open' } : part;
    case 'rejected':
      return standing === 'open' ? { clientId, standing: 'rejected', reason: event.reason } : part;
    case 'withdrawn':
      return standing === 'open' || standing === 'accepted' ? { clientId, standing: 'dropped' } : part;
    default:
      return unreachable(event);
  }
}

/** Leaves `reporting` if it is time (R14 to R19). */
function conclude(state: Reporting): RoundStep {
  const { policy, closing } = state;
  const { open, storing, accepted } = tally(state.parts);
  const settle = (standing: 'late' | 'surplus' | 'dropped'): Part[] =>
    state.parts.map((part): Part => (part.standing === 'open' ? { clientId: part.clientId, standing } : part));
  if (closing === null) {
    if (accepted >= policy.goal) return aggregate(policy, settle('surplus'));
    if (open + storing > 0) return stay(state);
    return accepted >= policy.minimum ? aggregate(policy, state.parts) : abandon(state.parts, 'everyone-left');
  }
  const parts = settle(closing === 'deadline' ? 'late' : 'dropped');
  if (storing > 0) return stay({ ...state, parts });
  if (closing !== 'deadline') return abandon(parts, closing);
  return accepted >= policy.minimum ? aggregate(policy, parts) : abandon(parts, 'too-few');
}

function whileAggregating(state: Aggregating, event: RoundEvent): RoundStep {
  switch (event.kind) {
    case 'committed':
      return stay({ phase: 'ended', parts: state.parts, outcome: { kind: 'committed', version: event.version } });
    case 'failed':
      return abandon(state.parts, 'failed');
    case 'unfit':
      return abandon(state.parts, 'guard');
    case 'withdrawn': {
      const part = state.parts[event.slot];
      if (part?.standing !== 'accepted') return stay(state);
      const parts = state.parts.with(event.slot, { clientId: part.clientId, standing: 'dropped' });
      return tally(parts).accepted >= state.policy.minimum ? stay({ ...state, parts }) : abandon(parts, 'too-few');
    }
    default:
      return stay(state);
  }
}

const aggregate = (policy: RoundPolicy, parts: readonly Part[]): RoundStep => ({
  state: { phase: 'aggregating', policy, parts },
  effects: [{ kind: 'aggregate' }],
});

const abandon = (parts: readonly Part[], reason: AbandonReason): RoundStep => ({
  state: { phase: 'ended', parts, outcome: { kind: 'abandoned', reason } },
  effects: [{ kind: 'abandon', reason }],
});
