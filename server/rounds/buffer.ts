import { unreachable } from '../../shared/assert.ts';
import type { AbandonReason } from '../../shared/errors.ts';
import type { ClientId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { seededRng } from '../../shared/rng.ts';
import { type BufferedSchedule, bufferOf, type RoundPolicy, type TaskSpec } from '../../shared/task/spec.ts';
import { type Part, type RoundEvent, type RoundOutcome, tally } from './round.ts';
import type { Networks } from './selection.ts';

// Nguyen, Malik, Zhan, Yousefpour, Rabbat, Malek, Huba: "Federated Learning with Buffered Asynchronous Aggregation"
// (FedBuff), AISTATS 2022, Algorithm 1.

/**
 * One fill of the buffer of a buffered task: reporting → aggregating → ended. Clients join while it is open, and a part may
 * outlive it. The rules are numbered in ROUNDS.md. Pure, as the synchronous round, with its events and outcomes.
 */

export type BufferPolicy = Pick<BufferedSchedule, 'size' | 'maximumStaleness' | 'concurrency'> &
  Pick<RoundPolicy, 'minimum' | 'reportingDeadlineMs'>;

/** A part with the version that it trains from, and a time limit of its own. Its index in `parts` is the slot. */
export type FillPart = Part & { readonly baseVersion: number; readonly endsAt: number };

interface Fill {
  readonly schedule: 'buffered';
  readonly policy: BufferPolicy;
  readonly seed: number;
  /** The newest version, from which those who join train; the fill is to make the next. */
  readonly version: number;
  readonly reportingEndsAt: number;
  readonly parts: readonly FillPart[];
  /** Who is there and has no part. */
  readonly waiting: readonly ClientId[];
  readonly networks: Networks;
}

interface Filling extends Fill {
  readonly phase: 'reporting';
  /** Why nothing more is let in, while the last reports become durable. */
  readonly closing: 'deadline' | 'stopped' | 'failed' | null;
}

interface Emptying extends Fill {
  readonly phase: 'aggregating';
  readonly because: 'full' | 'deadline';
  /** Slots of the parts that go on in the next fill; null until it is settled. */
  readonly carried: readonly number[] | null;
}

interface Over extends Fill {
  readonly phase: 'ended';
  readonly outcome: RoundOutcome;
  readonly carried: readonly number[];
}

export type FillState = Filling | Emptying | Over;

/** `settle`: the commit begins now, and another fill follows it or none does. */
export type FillEvent = RoundEvent | { readonly kind: 'settle'; readonly goesOn: boolean; readonly at: number };

export type FillEffect =
  /** Persist these parts, then send their assignments. */
  | { readonly kind: 'join'; readonly slots: readonly number[] }
  /** Settle, finish the aggregate and commit; answer with `committed` or `failed`. */
  | { readonly kind: 'aggregate' }
  /** Make the end durable and tell everybody. */
  | { readonly kind: 'abandon'; readonly reason: AbandonReason };

export interface FillStep {
  readonly state: FillState;
  readonly effects: readonly FillEffect[];
}

/** What the stepper needs of a task; null where its rounds are synchronous. */
export function bufferPolicyOf({ strategy, rounds }: Pick<TaskSpec, 'strategy' | 'rounds'>): BufferPolicy | null {
  const schedule = bufferOf(strategy);
  if (schedule === null) return null;
  const { size, maximumStaleness, concurrency } = schedule;
  const { minimum, reportingDeadlineMs } = rounds;
  return { size, maximumStaleness, concurrency, minimum, reportingDeadlineMs };
}

/** A fill begins: with the parts that the one before left over, and those who wait. */
export function openFill(options: {
  readonly policy: BufferPolicy;
  readonly seed: number;
  readonly version: number;
  readonly carried: readonly FillPart[];
  readonly waiting: readonly ClientId[];
  readonly networks?: Networks;
  readonly at: number;
}): FillStep {
  const { policy, seed, version, carried, waiting, networks = new Map(), at } = options;
  const reportingEndsAt = at + policy.reportingDeadlineMs;
  return invite(
    {
      ...{ schedule: 'buffered', phase: 'reporting', closing: null },
      ...{ policy, seed, version, reportingEndsAt, parts: carried, waiting, networks },
    },
    at,
  );
}

export function stepFill(state: FillState, event: FillEvent): FillStep {
  // What time decided comes first, so that a late timer changes nothing (R1).
  const due = expire(state, event.at);
  const next = apply(due.state, event);
  return { state: next.state, effects: [...due.effects, ...next.effects] };
}

/** When `tick` is due; null when the fill waits for something other than time. */
export function fillWakeAt(state: FillState): number | null {
  if (state.phase !== 'reporting' || state.closing !== null) return null;
  let earliest = state.reportingEndsAt;
  for (const part of state.parts) if (part.standing === 'open') earliest = Math.min(earliest, limitOf(part));
  return earliest;
}

/** The parts that end with this fill: all but those which the next one has. */
export function endingParts(state: FillState): readonly FillPart[] {
  if (state.phase === 'reporting' || state.carried === null) return state.parts;
  const carried = new Set(state.carried);
  return state.parts.filter((_, slot) => !carried.has(slot));
}

const stay = (state: FillState): FillStep => ({ state, effects: [] });

const isPending = ({ standing }: Part): boolean => standing === 'open' || standing === 'storing';
/** Its report is in the buffer, or about to be. */
const isInside = ({ standing }: Part): boolean => standing === 'accepted' || standing === 'storing';

/** When time ends an open part. */
const limitOf = (part: FillPart): number =>
  part.standing === 'open' && part.awayUntil !== null ? Math.min(part.awayUntil, part.endsAt) : part.endsAt;

const as = (
  { clientId, baseVersion, endsAt }: FillPart,
  standing: 'accepted' | 'late' | 'surplus' | 'dropped',
): FillPart => ({ clientId, baseVersion, endsAt, standing });

const asStale = ({ clientId, baseVersion, endsAt }: FillPart): FillPart => ({
  ...{ clientId, baseVersion, endsAt },
  ...{ standing: 'rejected', reason: 'stale' },
});

function expire(state: FillState, at: number): FillStep {
  if (state.phase !== 'reporting' || state.closing !== null) return stay(state);
  const isOver = at >= state.reportingEndsAt;
  const until = Math.min(at, state.reportingEndsAt);
  const isDue = (part: FillPart): boolean => part.standing === 'open' && limitOf(part) <= until;
  if (!isOver && !state.parts.some(isDue)) return stay(state);
  const parts = state.parts.map((part) =>
    isDue(part) ? as(part, limitOf(part) < part.endsAt ? 'dropped' : 'late') : part,
  );
  return conclude({ ...state, parts, closing: isOver ? 'deadline' : null }, at);
}

function apply(state: FillState, event: FillEvent): FillStep {
  switch (state.phase) {
    case 'reporting':
      return whileFilling(state, event);
    case 'aggregating':
      return whileEmptying(state, event);
    case 'ended':
      return stay(state);
    default:
      return unreachable(state);
  }
}

function whileFilling(state: Filling, event: FillEvent): FillStep {
  if (event.kind === 'stop') return conclude({ ...state, closing: 'stopped' }, event.at);
  if (event.kind === 'failed') return conclude({ ...state, closing: 'failed' }, event.at);
  if (event.kind === 'tick') return conclude(state, event.at);
  if (event.kind === 'available' || event.kind === 'unavailable') return invite(heard(state, event), event.at);
  if (!('slot' in event)) return stay(state);
  const next = moved(state, event);
  return next === state ? stay(state) : conclude(next, event.at);
}

/** Who waits: everybody who is there and has no part that is pending. */
function heard<State extends Filling | Emptying>(
  state: State,
  event: Extract<RoundEvent, { readonly kind: 'available' | 'unavailable' }>,
): State {
  const { clientId } = event;
  const others = state.waiting.filter((other) => other !== clientId);
  if (event.kind === 'unavailable') return { ...state, waiting: others };
  const { network } = event;
  const isNews = network !== undefined && state.networks.get(clientId) !== network;
  const networks = isNews ? new Map(state.networks).set(clientId, network) : state.networks;
  const isBusy = state.parts.some((part) => part.clientId === clientId && isPending(part));
  if (isBusy || others.length < state.waiting.length) return { ...state, networks };
  return { ...state, networks, waiting: [...others, clientId] };
}

/** B1, B2, B13: free places go to those who wait, drawn at random. */
function invite(state: Filling, at: number): FillStep {
  const { policy, seed, version } = state;
  if (state.closing !== null || state.waiting.length === 0) return stay(state);
  let waiting = state.waiting;
  const parts = [...state.parts];
  const slots: number[] = [];
  let pending = parts.filter(isPending).length;
  const room = roomOf(state);
  // The next version is about to be made: whoever waits gets that one.
  if (room.left === 0) return stay(state);
  const share = shareOf(state);
  let repeats = parts.filter((part) => part.standing === 'open' && room.isInside(part.clientId)).length;
  while (pending < policy.concurrency) {
    const mayRepeat = room.kept === 0 || repeats < room.left - room.kept;
    const eligible = waiting.filter((clientId) => mayRepeat || !room.isInside(clientId));
    const within = share.among(eligible);
    const drawn = within[seededRng(seed, parts.length).below(Math.max(1, within.length))];
    if (drawn === undefined) break;
    waiting = waiting.filter((clientId) => clientId !== drawn);
    if (room.isInside(drawn)) repeats += 1;
    share.count(drawn);
    slots.push(parts.length);
    const endsAt = at + policy.reportingDeadlineMs;
    parts.push({ clientId: drawn, standing: 'open', awayUntil: null, baseVersion: version, endsAt });
    pending += 1;
  }
  if (slots.length === 0) return stay(state);
  return { state: { ...state, parts, waiting }, effects: [{ kind: 'join', slots }] };
}

/** B13: what of the fill each network has. */
function shareOf({ parts, policy, networks }: Pick<Fill, 'parts' | 'policy' | 'networks'>): {
  /** Those of networks that do not have their share yet, where there are any; else all. */
  among(eligible: readonly ClientId[]): readonly ClientId[];
  /** One of its clients has a part more. */
  count(clientId: ClientId): void;
} {
  const most = Math.max(1, Math.floor(policy.size * LIMITS.networkShare));
  const taken = new Map<string, number>();
  const count = (clientId: ClientId): void => {
    const network = networks.get(clientId);
    if (network !== undefined) taken.set(network, (taken.get(network) ?? 0) + 1);
  };
  for (const part of parts) if (isPending(part) || isInside(part)) count(part.clientId);
  return {
    count,
    among(eligible) {
      if (taken.size === 0) return eligible;
      const within = eligible.filter((clientId) => (taken.get(networks.get(clientId) ?? '') ?? 0) < most);
      return within.length > 0 ? within : eligible;
    },
  };
}

/** B2: how many places are left, and how many of them are kept for contributors who are not in the buffer yet. */
function roomOf({ parts, policy }: Pick<Fill, 'parts' | 'policy'>): {
  readonly left: number;
  readonly kept: number;
  isInside(clientId: ClientId): boolean;
} {
  const inside = parts.filter(isInside);
  const clients = new Set(inside.map(({ clientId }) => clientId));
  return {
    left: policy.size - inside.length,
    kept: Math.max(0, policy.minimum - clients.size),
    isInside: (clientId) => clients.has(clientId),
  };
}

function hasRoomFor(state: Fill, clientId: ClientId): boolean {
  const room = roomOf(state);
  return room.left > (room.isInside(clientId) ? room.kept : 0);
}

type OfSlot = Extract<RoundEvent, { readonly slot: number }>;

function moved<State extends Filling | Emptying>(state: State, event: OfSlot): State {
  const part = state.parts[event.slot];
  const next = part && move(part, event, state);
  return next === undefined || next === part ? state : { ...state, parts: state.parts.with(event.slot, next) };
}

/** What one event does to one part. */
function move(part: FillPart, event: OfSlot, state: Filling | Emptying): FillPart {
  const { standing } = part;
  switch (event.kind) {
    case 'away':
      return isPending(part) ? ({ ...part, awayUntil: event.at + LIMITS.reconnectGraceMs } as FillPart) : part;
    case 'back':
      return isPending(part) ? ({ ...part, awayUntil: null } as FillPart) : part;
    case 'gone':
      return standing === 'open' ? as(part, 'dropped') : part;
    case 'checked': {
      // B3: one that finds no room stays as it is, and is asked again in the next fill.
      const isOpen = standing === 'open' && state.phase === 'reporting' && state.closing === null;
      return isOpen && hasRoomFor(state, part.clientId) ? { ...part, standing: 'storing' } : part;
    }
    case 'stored':
      return standing === 'storing' ? as(part, 'accepted') : part;
    case 'unstored':
      return standing === 'storing' ? { ...part, standing: 'open' } : part;
    case 'rejected': {
      const { clientId, baseVersion, endsAt } = part;
      return standing === 'open' ? { clientId, baseVersion, endsAt, standing: 'rejected', reason: event.reason } : part;
    }
    case 'withdrawn':
      return standing === 'open' || standing === 'accepted' ? as(part, 'dropped') : part;
    default:
      return unreachable(event);
  }
}

/** Leaves `reporting` if it is time, else fills free places. */
function conclude(state: Filling, at: number): FillStep {
  const { policy, closing, parts } = state;
  const { storing, accepted } = tally(parts);
  if (closing === null) return accepted >= policy.size ? empty(state, 'full') : invite(state, at);
  if (closing === 'deadline') {
    if (storing > 0) return stay(state);
    if (isEnough(state)) return empty(state, 'deadline');
    return abandon(state, 'late', 'too-few');
  }
  // An open part is over at once; what is being stored is waited for (R18).
  const dropped = { ...state, parts: parts.map((part) => (part.standing === 'open' ? as(part, 'dropped') : part)) };
  return storing > 0 ? stay(dropped) : abandon(dropped, 'dropped', closing);
}

/** B9: reports of at least the minimum of different contributors. */
const isEnough = ({ parts, policy }: Fill): boolean =>
  new Set(parts.filter(({ standing }) => standing === 'accepted').map(({ clientId }) => clientId)).size >=
  policy.minimum;

function whileEmptying(state: Emptying, event: FillEvent): FillStep {
  const carried = new Set(state.carried ?? []);
  switch (event.kind) {
    case 'settle':
      return state.carried === null ? stay(settle(state, event.goesOn)) : stay(state);
    case 'committed': {
      const { because: _because, ...fill } = state.carried === null ? settle(state, false) : state;
      const outcome = { kind: 'committed', version: event.version } as const;
      return stay({ ...fill, phase: 'ended', outcome, carried: fill.carried ?? [] });
    }
    case 'failed':
      return abandon(state, 'dropped', 'failed');
    case 'unfit':
      return abandon(state, 'dropped', 'guard');
    case 'available':
    case 'unavailable':
      return stay(heard(state, event));
    case 'stop':
    case 'tick':
      return stay(state);
    default: {
      // What is settled is being written: only what goes on may still change.
      if (state.carried !== null && !carried.has(event.slot)) return stay(state);
      return refill(moved(state, event), event.at);
    }
  }
}

/** B12: a buffer from which deleted data were taken, before its commit begins. */
function refill(state: Emptying, at: number): FillStep {
  if (state.carried !== null) return stay(state);
  const { because, carried: _carried, ...fill } = state;
  if (because === 'deadline') return isEnough(state) ? stay(state) : abandon(state, 'late', 'too-few');
  return tally(state.parts).accepted >= state.policy.size
    ? stay(state)
    : conclude({ ...fill, phase: 'reporting', closing: at >= fill.reportingEndsAt ? 'deadline' : null }, at);
}

/** B4, B5: who goes on in the next fill, and how the others end. */
function settle(state: Emptying, goesOn: boolean): Emptying {
  const { version, policy } = state;
  const isTooOld = ({ baseVersion }: FillPart): boolean => version + 1 - baseVersion > policy.maximumStaleness;
  const parts = state.parts.map((part) => {
    if (part.standing !== 'open') return part;
    if (!goesOn) return as(part, 'surplus');
    return isTooOld(part) ? asStale(part) : part;
  });
  return { ...state, parts, carried: parts.flatMap((part, slot) => (part.standing === 'open' ? [slot] : [])) };
}

const empty = ({ closing: _closing, ...state }: Filling, because: Emptying['because']): FillStep => ({
  state: { ...state, phase: 'aggregating', because, carried: null },
  effects: [{ kind: 'aggregate' }],
});

function abandon(state: Filling | Emptying, open: 'late' | 'dropped', reason: AbandonReason): FillStep {
  const { schedule, policy, seed, version, reportingEndsAt, waiting, networks } = state;
  const parts = state.parts.map((part) => (part.standing === 'open' ? as(part, open) : part));
  const outcome = { kind: 'abandoned', reason } as const;
  const fill = { schedule, policy, seed, version, reportingEndsAt, waiting, networks };
  return { state: { ...fill, phase: 'ended', parts, outcome, carried: [] }, effects: [{ kind: 'abandon', reason }] };
}
