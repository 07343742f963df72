import { describe, expect, test } from 'vitest';
import type { ClientId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { RoundPolicy } from '../../shared/task/spec.ts';
import {
  cohortSize,
  openRound,
  type Part,
  type RoundEvent,
  type RoundState,
  type RoundStep,
  step,
  tally,
  wakeAt,
} from './round.ts';

const client = (number: number): ClientId => number.toString(16).padStart(32, '0') as ClientId;
const clients = (count: number): ClientId[] => Array.from({ length: count }, (_, number) => client(number));

const POLICY: RoundPolicy = {
  goal: 3,
  minimum: 2,
  overSelection: 1,
  selectionDeadlineMs: 30_000,
  reportingDeadlineMs: 120_000,
};
const START = 1_000_000;

const open = (available: readonly ClientId[], policy = POLICY, online = available.length, seed = 7): RoundStep =>
  openRound({ policy, seed, available, online, at: START });

/** Steps through events; those without a time come 10 ms after the start. */
const run = (state: RoundState, ...events: readonly (Omit<RoundEvent, 'at'> & { at?: number })[]): RoundStep =>
  events.reduce<RoundStep>(
    ({ state, effects }, event) => {
      const next = step(state, { at: START + 10, ...event } as RoundEvent);
      return { state: next.state, effects: [...effects, ...next.effects] };
    },
    { state, effects: [] },
  );
type Plain = Parameters<typeof run>[1];

const parts = (state: RoundState): readonly Part[] => (state.phase === 'selecting' ? [] : state.parts);
const standings = (state: RoundState): string[] => parts(state).map(({ standing }) => standing);
const report = (slot: number): Plain[] => [{ kind: 'checked', slot } as Plain, { kind: 'stored', slot } as Plain];
const reporting = (count = 3, policy = POLICY): RoundState => open(clients(count), policy).state;
const END = START + POLICY.reportingDeadlineMs;

describe('selecting', () => {
  test('R3 a round that finds a full cohort waiting, and nobody else connected, assigns at once', () => {
    const { state, effects } = open(clients(3));
    expect(state.phase).toBe('reporting');
    expect(effects).toEqual([
      { kind: 'assign', cohort: expect.any(Array), others: [], reportingEndsAt: START + 120_000 },
    ]);
    expect(standings(state)).toEqual(['open', 'open', 'open']);
  });

  test('R3 the last one that is needed closes the selection', () => {
    const waiting = open(clients(2));
    expect(waiting).toMatchObject({ state: { phase: 'selecting', available: clients(2) }, effects: [] });
    const { state, effects } = run(waiting.state, { kind: 'available', clientId: client(2), online: 3 } as Plain);
    expect(state.phase).toBe('reporting');
    expect(effects).toHaveLength(1);
  });

  test('R3 over-selection asks for more than the goal, and rounding error for no more than that', () => {
    const wanted = (goal: number, overSelection: number): number => cohortSize({ ...POLICY, goal, overSelection });
    expect([wanted(3, 1), wanted(10, 1.1), wanted(10, 1.11), wanted(100, 1.3), wanted(1, 1)]).toEqual([
      3, 11, 12, 130, 1,
    ]);
    const { effects } = open(clients(4), { ...POLICY, overSelection: 1.3 });
    expect(effects[0]).toMatchObject({ kind: 'assign', cohort: expect.objectContaining({ length: 4 }) });
  });

  test('R3 a client that checks in twice counts once', () => {
    const { state } = run(
      open(clients(2)).state,
      { kind: 'available', clientId: client(1), online: 2 } as Plain,
      { kind: 'available', clientId: client(0), online: 2 } as Plain,
    );
    expect(state).toMatchObject({ phase: 'selecting', available: clients(2) });
  });

  test('R4 when more are connected than wait, they get a moment to check in', () => {
    const enough = open(clients(3), POLICY, 5);
    expect(enough.state.phase).toBe('selecting');
    expect(wakeAt(enough.state)).toBe(START + LIMITS.selectionSettleMs);
    const early = step(enough.state, { kind: 'tick', at: START + LIMITS.selectionSettleMs - 1 });
    expect(early.state.phase).toBe('selecting');
    const settled = step(enough.state, { kind: 'tick', at: START + LIMITS.selectionSettleMs });
    expect(settled.effects).toEqual([expect.objectContaining({ kind: 'assign', others: [] })]);
  });

  test('R4 the moment ends as soon as all who are connected wait, and does not start again with each', () => {
    const enough = open(clients(3), POLICY, 5);
    const four = run(enough.state, { kind: 'available', clientId: client(3), online: 5, at: START + 100 } as Plain);
    expect(wakeAt(four.state)).toBe(START + LIMITS.selectionSettleMs);
    const five = run(four.state, { kind: 'available', clientId: client(4), online: 5, at: START + 101 } as Plain);
    expect(five.effects).toEqual([expect.objectContaining({ kind: 'assign' })]);
  });

  test('R4 the moment is forgotten when too few are left', () => {
    const enough = open(clients(3), POLICY, 5);
    const two = run(enough.state, { kind: 'unavailable', clientId: client(0) } as Plain);
    expect(wakeAt(two.state)).toBe(START + POLICY.selectionDeadlineMs);
    expect(step(two.state, { kind: 'tick', at: START + LIMITS.selectionSettleMs }).state.phase).toBe('selecting');
  });

  test('R2 R5 more than needed: the cohort is drawn by the seed, the others are told to come again', () => {
    const draw = (seed: number): ClientId[] => {
      const { effects } = open(clients(10), POLICY, 10, seed);
      const [assign] = effects;
      if (assign?.kind !== 'assign') throw new Error('nothing was assigned');
      expect(assign.cohort).toHaveLength(3);
      expect([...assign.cohort, ...assign.others].sort()).toEqual(clients(10));
      return [...assign.cohort];
    };
    expect(draw(1)).toEqual(draw(1));
    // Over many seeds every client is drawn about equally often: 300 of 1,000 each, deviation 14.5.
    const times = new Map<ClientId, number>();
    for (let seed = 0; seed < 1_000; seed++)
      for (const clientId of draw(seed)) times.set(clientId, (times.get(clientId) ?? 0) + 1);
    for (const clientId of clients(10)) expect(Math.abs(times.get(clientId)! - 300)).toBeLessThan(5 * 14.5);
  });

  test('R6 at the deadline the minimum is enough', () => {
    const { state, effects } = step(open(clients(2)).state, { kind: 'tick', at: START + 30_000 });
    expect(standings(state)).toEqual(['open', 'open']);
    expect(effects).toEqual([expect.objectContaining({ kind: 'assign', reportingEndsAt: START + 150_000 })]);
  });

  test('R6 fewer than the minimum at the deadline: abandoned(too-few)', () => {
    const { state, effects } = step(open(clients(1)).state, { kind: 'tick', at: START + 30_000 });
    expect(state).toEqual({ phase: 'ended', parts: [], outcome: { kind: 'abandoned', reason: 'too-few' } });
    expect(effects).toEqual([{ kind: 'abandon', reason: 'too-few' }]);
  });

  test('R6 a cohort of one is possible with minimum 1 only', () => {
    const alone = { ...POLICY, goal: 1, minimum: 1 };
    expect(open(clients(1), alone).state.phase).toBe('reporting');
    expect(open(clients(1)).state.phase).toBe('selecting');
  });

  test('R1 a check-in at the deadline is too late for this round', () => {
    const { state } = run(open(clients(1)).state, {
      kind: 'available',
      clientId: client(1),
      online: 2,
      at: START + 30_000,
    } as Plain);
    expect(state).toMatchObject({ phase: 'ended', outcome: { reason: 'too-few' } });
  });

  test('R7 who leaves while waiting is not selected', () => {
    const { state } = run(
      open(clients(2)).state,
      { kind: 'unavailable', clientId: client(0) } as Plain,
      { kind: 'available', clientId: client(5), online: 3 } as Plain,
      { kind: 'available', clientId: client(6), online: 3 } as Plain,
    );
    expect(
      parts(state)
        .map(({ clientId }) => clientId)
        .sort(),
    ).toEqual([client(1), client(5), client(6)]);
  });

  test('R17 stopped or failed before anyone was selected: nobody has a part', () => {
    expect(run(open(clients(1)).state, { kind: 'stop' } as Plain).effects).toEqual([
      { kind: 'abandon', reason: 'stopped' },
    ]);
    expect(run(open([]).state, { kind: 'failed' } as Plain).effects).toEqual([{ kind: 'abandon', reason: 'failed' }]);
  });
});

describe('reporting', () => {
  test('R9 a report is accepted when it is durable, and not before', () => {
    const checked = run(reporting(), { kind: 'checked', slot: 1 } as Plain);
    expect(standings(checked.state)).toEqual(['open', 'storing', 'open']);
    const stored = run(checked.state, { kind: 'stored', slot: 1 } as Plain);
    expect(standings(stored.state)).toEqual(['open', 'accepted', 'open']);
    expect(stored.effects).toEqual([]);
  });

  test('R9 a report that could not be stored may be sent again', () => {
    const { state } = run(
      reporting(),
      { kind: 'checked', slot: 1 } as Plain,
      { kind: 'unstored', slot: 1 } as Plain,
      ...report(1),
    );
    expect(standings(state)).toEqual(['open', 'accepted', 'open']);
  });

  test('R9 accepted and storing never exceed the goal: one more is surplus', () => {
    const { state } = run(
      reporting(4, { ...POLICY, overSelection: 1.3 }),
      ...report(0),
      ...report(1),
      { kind: 'checked', slot: 2 } as Plain,
      { kind: 'checked', slot: 3 } as Plain,
    );
    expect(standings(state)).toEqual(['accepted', 'accepted', 'storing', 'surplus']);
  });

  test('R10 a rejection is final', () => {
    const { state } = run(reporting(), { kind: 'rejected', slot: 0, reason: 'norm' } as Plain, ...report(0));
    expect(parts(state)[0]).toEqual({ clientId: expect.any(String), standing: 'rejected', reason: 'norm' });
  });

  test('R11 who comes back within the grace keeps the part', () => {
    const away = run(reporting(), { kind: 'away', slot: 0 } as Plain);
    expect(wakeAt(away.state)).toBe(START + 10 + LIMITS.reconnectGraceMs);
    const back = run(away.state, { kind: 'back', slot: 0 } as Plain);
    expect(wakeAt(back.state)).toBe(END);
    const later = step(back.state, { kind: 'tick', at: START + 10 + LIMITS.reconnectGraceMs });
    expect(standings(later.state)).toEqual(['open', 'open', 'open']);
  });

  test('R11 who stays away longer is dropped, and a report after that changes nothing', () => {
    const away = run(reporting(), { kind: 'away', slot: 0 } as Plain);
    const at = START + 10 + LIMITS.reconnectGraceMs;
    const { state } = run(away.state, { kind: 'tick', at } as Plain, { kind: 'checked', slot: 0, at } as Plain);
    expect(standings(state)).toEqual(['dropped', 'open', 'open']);
  });

  test('R11 the grace does not outlive the deadline: away at the deadline is late', () => {
    const { state } = run(
      reporting(),
      ...report(1),
      ...report(2),
      { kind: 'away', slot: 0, at: END - 1 } as Plain,
      { kind: 'tick', at: END + LIMITS.reconnectGraceMs } as Plain,
    );
    expect(standings(state)).toEqual(['late', 'accepted', 'accepted']);
  });

  test('R12 who leaves for good is dropped at once; a report already accepted stays', () => {
    const { state } = run(
      reporting(),
      ...report(1),
      { kind: 'gone', slot: 0 } as Plain,
      { kind: 'gone', slot: 1 } as Plain,
    );
    expect(standings(state)).toEqual(['dropped', 'accepted', 'open']);
  });

  test('R13 deleted data take the report back', () => {
    const { state } = run(reporting(), ...report(0), ...report(1), { kind: 'withdrawn', slot: 0 } as Plain);
    expect(standings(state)).toEqual(['dropped', 'accepted', 'open']);
  });
});

describe('how reporting ends', () => {
  test('R14 the goal ends it, and the others are surplus', () => {
    const { state, effects } = run(
      reporting(4, { ...POLICY, overSelection: 1.3 }),
      ...report(0),
      ...report(3),
      ...report(1),
    );
    expect(state.phase).toBe('aggregating');
    expect(standings(state)).toEqual(['accepted', 'accepted', 'surplus', 'accepted']);
    expect(effects).toEqual([{ kind: 'aggregate' }]);
  });

  test('R15 the deadline with the minimum: the others are late', () => {
    const { state, effects } = run(reporting(), ...report(0), ...report(1), { kind: 'tick', at: END } as Plain);
    expect(standings(state)).toEqual(['accepted', 'accepted', 'late']);
    expect(effects).toEqual([{ kind: 'aggregate' }]);
  });

  test('R15 the deadline without the minimum: abandoned(too-few)', () => {
    const { state, effects } = run(reporting(), ...report(0), { kind: 'tick', at: END } as Plain);
    expect(standings(state)).toEqual(['accepted', 'late', 'late']);
    expect(effects).toEqual([{ kind: 'abandon', reason: 'too-few' }]);
  });

  test('R1 a report that arrives at the deadline is late although no timer has fired', () => {
    const { state } = run(
      reporting(),
      ...report(0),
      ...report(1),
      { kind: 'checked', slot: 2, at: END } as Plain,
      { kind: 'stored', slot: 2, at: END } as Plain,
    );
    expect(state.phase).toBe('aggregating');
    expect(standings(state)).toEqual(['accepted', 'accepted', 'late']);
  });

  test('R16 when the last straggler leaves, those who reported are enough', () => {
    const { state, effects } = run(reporting(), ...report(0), ...report(2), { kind: 'gone', slot: 1 } as Plain);
    expect(state.phase).toBe('aggregating');
    expect(effects).toEqual([{ kind: 'aggregate' }]);
  });

  test('R16 a straggler whose report is refused is not waited for either', () => {
    const { effects } = run(reporting(), ...report(0), ...report(2), {
      kind: 'rejected',
      slot: 1,
      reason: 'zero',
    } as Plain);
    expect(effects).toEqual([{ kind: 'aggregate' }]);
  });

  test('R16 when everybody is gone without the minimum: abandoned(everyone-left)', () => {
    const { state, effects } = run(
      reporting(),
      ...report(0),
      { kind: 'gone', slot: 1 } as Plain,
      { kind: 'away', slot: 2 } as Plain,
      { kind: 'tick', at: START + 10 + LIMITS.reconnectGraceMs } as Plain,
    );
    expect(state).toMatchObject({ phase: 'ended', outcome: { kind: 'abandoned', reason: 'everyone-left' } });
    expect(effects).toEqual([{ kind: 'abandon', reason: 'everyone-left' }]);
  });

  test('R17 a stop abandons it, and what was open is dropped', () => {
    const { state, effects } = run(reporting(), ...report(0), { kind: 'stop' } as Plain);
    expect(standings(state)).toEqual(['accepted', 'dropped', 'dropped']);
    expect(effects).toEqual([{ kind: 'abandon', reason: 'stopped' }]);
  });

  test('R17 a cohort that cannot be saved: abandoned(failed)', () => {
    expect(run(reporting(), { kind: 'failed' } as Plain).effects).toEqual([{ kind: 'abandon', reason: 'failed' }]);
  });

  test('R18 a report that is being stored at the deadline is waited for, and counts', () => {
    const closing = run(
      reporting(),
      ...report(0),
      { kind: 'checked', slot: 1 } as Plain,
      {
        kind: 'tick',
        at: END,
      } as Plain,
    );
    expect(closing.effects).toEqual([]);
    expect(standings(closing.state)).toEqual(['accepted', 'storing', 'late']);
    expect(wakeAt(closing.state)).toBeNull();
    const { state, effects } = run(closing.state, { kind: 'stored', slot: 1, at: END + 50 } as Plain);
    expect(standings(state)).toEqual(['accepted', 'accepted', 'late']);
    expect(effects).toEqual([{ kind: 'aggregate' }]);
  });

  test('R18 if it cannot be stored after all, it is late', () => {
    const { state, effects } = run(
      reporting(),
      ...report(0),
      { kind: 'checked', slot: 1 } as Plain,
      { kind: 'unstored', slot: 1, at: END } as Plain,
    );
    expect(standings(state)).toEqual(['accepted', 'late', 'late']);
    expect(effects).toEqual([{ kind: 'abandon', reason: 'too-few' }]);
  });

  test('R18 a stop waits for it too, and lets nothing else in', () => {
    const { state, effects } = run(
      reporting(),
      { kind: 'checked', slot: 1 } as Plain,
      { kind: 'stop' } as Plain,
      { kind: 'checked', slot: 0 } as Plain,
      { kind: 'stored', slot: 1 } as Plain,
    );
    expect(standings(state)).toEqual(['dropped', 'accepted', 'dropped']);
    expect(effects).toEqual([{ kind: 'abandon', reason: 'stopped' }]);
  });

  test('R1 a restart that finds the goal reached goes on at the first tick', () => {
    const before = reporting();
    if (before.phase !== 'reporting') throw new Error('not reporting');
    const restored: RoundState = {
      ...before,
      parts: before.parts.map(({ clientId }) => ({ clientId, standing: 'accepted' })),
    };
    expect(run(restored, { kind: 'tick' } as Plain).effects).toEqual([{ kind: 'aggregate' }]);
  });
});

describe('ending', () => {
  const aggregating = (accepted = 3): RoundState => {
    const all = run(reporting(), ...[0, 1, 2].slice(0, accepted).flatMap(report)).state;
    return accepted === 3 ? all : run(all, { kind: 'gone', slot: 2 } as Plain).state;
  };

  test('R19 committed', () => {
    const { state, effects } = run(aggregating(), { kind: 'committed', version: 5 } as Plain);
    expect(state).toMatchObject({ phase: 'ended', outcome: { kind: 'committed', version: 5 } });
    expect(effects).toEqual([]);
  });

  test('R19 the commit could not be made: abandoned(failed)', () => {
    const { state, effects } = run(aggregating(), { kind: 'failed' } as Plain);
    expect(state).toMatchObject({ phase: 'ended', outcome: { kind: 'abandoned', reason: 'failed' } });
    expect(effects).toEqual([{ kind: 'abandon', reason: 'failed' }]);
  });

  test('R19 a stop lets the commit finish', () => {
    const { state, effects } = run(aggregating(), { kind: 'stop' } as Plain);
    expect(state.phase).toBe('aggregating');
    expect(effects).toEqual([]);
  });

  test('R19 data deleted before the commit begins: without them, if the minimum is still there', () => {
    const without = run(aggregating(), { kind: 'withdrawn', slot: 0 } as Plain);
    expect(without.state.phase).toBe('aggregating');
    expect(tally(parts(without.state))).toMatchObject({ accepted: 2, dropped: 1 });
    const { effects } = run(aggregating(2), { kind: 'withdrawn', slot: 0 } as Plain);
    expect(effects).toEqual([{ kind: 'abandon', reason: 'too-few' }]);
  });

  test('R20 an ended round takes nothing more', () => {
    const { state } = run(reporting(), { kind: 'stop' } as Plain);
    const after = run(
      state,
      ...report(0),
      { kind: 'stop' } as Plain,
      { kind: 'committed', version: 9 } as Plain,
      { kind: 'failed' } as Plain,
      { kind: 'tick', at: END * 2 } as Plain,
    );
    expect(after).toEqual({ state, effects: [] });
  });
});
