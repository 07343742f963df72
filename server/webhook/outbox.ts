import { LIMITS } from '../../shared/limits.ts';

/** What is to be said. The same event has the same id, however often it is sent. */
export interface Delivery {
  readonly id: string;
  /** When it happened, in milliseconds since 1970. */
  readonly at: number;
  readonly body: string;
}

/** What waits to be delivered, oldest first and one at a time, and what is being done about the first of them. */
export interface Outbox {
  readonly waiting: readonly Delivery[];
  readonly attempt: Attempt;
}

type Attempt =
  | { readonly kind: 'none' }
  /** The first is on its way, after so many failures. */
  | { readonly kind: 'under-way'; readonly failures: number }
  /** It failed, and is tried again at this time. */
  | { readonly kind: 'resting'; readonly failures: number; readonly until: number };

export type OutboxEvent =
  | { readonly kind: 'happened'; readonly delivery: Delivery; readonly at: number }
  | { readonly kind: 'answered'; readonly id: string; readonly ok: boolean; readonly at: number }
  | { readonly kind: 'tick'; readonly at: number };

export type OutboxEffect =
  | { readonly kind: 'send'; readonly delivery: Delivery }
  | { readonly kind: 'wake'; readonly at: number }
  /** Given up: too many waited, or it failed for too long. */
  | { readonly kind: 'lost'; readonly delivery: Delivery; readonly why: 'full' | 'old' };

export interface OutboxStep {
  readonly state: Outbox;
  readonly effects: readonly OutboxEffect[];
}

/** An outbox as it is found at start: what was under way when the process ended is sent again. */
export const outboxOf = (waiting: readonly Delivery[]): Outbox => ({ waiting, attempt: { kind: 'none' } });

/** Where the last attempts failed: how many, and until when it rests. */
export const restOf = ({ attempt }: Outbox): { readonly failures: number; readonly until: number | null } => ({
  failures: attempt.kind === 'none' ? 0 : attempt.failures,
  until: attempt.kind === 'resting' ? attempt.until : null,
});

/**
 * At least once, in order, one at a time: the first is tried until it is taken, each time after twice the time as before.
 * What is too old is given up when its turn comes again; beyond a number the oldest make room.
 */
export function stepOutbox(state: Outbox, event: OutboxEvent): OutboxStep {
  switch (event.kind) {
    case 'happened':
      return added(state, event.delivery, event.at);
    case 'answered': {
      const [first, ...rest] = state.waiting;
      if (state.attempt.kind !== 'under-way' || first?.id !== event.id) return { state, effects: [] };
      if (event.ok) return next(rest, 0, event.at);
      const failures = state.attempt.failures + 1;
      const until = event.at + Math.min(LIMITS.webhookRetryMs * 2 ** (failures - 1), LIMITS.webhookRetryLatestMs);
      return {
        state: { waiting: state.waiting, attempt: { kind: 'resting', failures, until } },
        effects: [{ kind: 'wake', at: until }],
      };
    }
    case 'tick':
      if (state.attempt.kind === 'under-way') return { state, effects: [] };
      if (state.attempt.kind === 'resting' && event.at < state.attempt.until)
        return { state, effects: [{ kind: 'wake', at: state.attempt.until }] };
      return next(state.waiting, restOf(state).failures, event.at);
  }
}

function added(state: Outbox, delivery: Delivery, at: number): OutboxStep {
  if (state.waiting.some(({ id }) => id === delivery.id)) return { state, effects: [] };
  if (state.waiting.length < LIMITS.webhooksWaitingCount) {
    const waiting = [...state.waiting, delivery];
    return state.attempt.kind === 'none' ? next(waiting, 0, at) : { state: { ...state, waiting }, effects: [] };
  }
  // The first may be on its way: the second makes room.
  const [first, second, ...rest] = state.waiting as [Delivery, Delivery, ...Delivery[]];
  return {
    state: { ...state, waiting: [first, ...rest, delivery] },
    effects: [{ kind: 'lost', delivery: second, why: 'full' }],
  };
}

/** Sends the first that is not too old. */
function next(waiting: readonly Delivery[], failures: number, at: number): OutboxStep {
  const isOld = ({ at: happenedAt }: Delivery): boolean => failures > 0 && at - happenedAt >= LIMITS.webhookKeptMs;
  const lost = waiting.filter(isOld).map((delivery) => ({ kind: 'lost', delivery, why: 'old' }) as const);
  const left = waiting.filter((delivery) => !isOld(delivery));
  const [first] = left;
  return first === undefined
    ? { state: outboxOf([]), effects: lost }
    : {
        state: { waiting: left, attempt: { kind: 'under-way', failures } },
        effects: [...lost, { kind: 'send', delivery: first }],
      };
}
