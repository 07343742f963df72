import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REJECTION_REASONS } from '../../shared/errors.ts';
import type { ClientId } from '../../shared/ids.ts';
import type { RoundPolicy } from '../../shared/task/spec.ts';
import { cohortSize, openRound, type Part, type RoundEvent, type RoundState, step, tally, wakeAt } from './round.ts';

const CLIENTS = 8;
const clientId = fc
  .integer({ min: 0, max: CLIENTS - 1 })
  .map((number) => number.toString(16).padStart(32, '0') as ClientId);
const slot = fc.integer({ min: 0, max: CLIENTS - 1 });

const policy: fc.Arbitrary<RoundPolicy> = fc
  .record({
    goal: fc.integer({ min: 1, max: 5 }),
    minimum: fc.integer({ min: 1, max: 5 }),
    over: fc.double({ min: 1, max: 2, noNaN: true }),
  })
  .map(({ goal, minimum, over }) => ({
    goal,
    minimum: Math.min(goal, minimum),
    overSelection: over,
    selectionDeadlineMs: 5_000,
    reportingDeadlineMs: 60_000,
  }));

/** `waitMs` passes before the event; the whole trace is what a failing seed prints. */
const event = fc.record({
  waitMs: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0, max: 200 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
  ),
  what: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('available'), clientId, online: fc.integer({ min: 0, max: CLIENTS }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('unavailable'), clientId }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('away', 'back', 'gone', 'withdrawn'), slot }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('checked', 'stored', 'unstored'), slot }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('rejected'), slot, reason: fc.constantFrom(...REJECTION_REASONS) }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'tick' }) },
    { weight: 1, arbitrary: fc.constantFrom({ kind: 'stop' }, { kind: 'failed' }, { kind: 'committed', version: 1 }) },
  ),
});

const trace = fc.record({
  policy,
  seed: fc.integer({ min: 0, max: 0xffffffff }),
  available: fc.uniqueArray(clientId),
  online: fc.integer({ min: 0, max: CLIENTS }),
  events: fc.array(event, { maxLength: 80 }),
  commits: fc.boolean(),
});

const partsOf = (state: RoundState): readonly Part[] => (state.phase === 'selecting' ? [] : state.parts);
const FINAL = ['accepted', 'rejected', 'late', 'surplus', 'dropped'];

/** What holds between two states, whatever happened. */
function compare(before: RoundState, after: RoundState, event: RoundEvent, options: RoundPolicy): void {
  if (before.phase === 'ended') {
    expect(after).toBe(before);
    return;
  }
  const parts = partsOf(after);
  const { accepted, storing } = tally(parts);
  expect(accepted + storing).toBeLessThanOrEqual(options.goal);
  expect(parts.length).toBeLessThanOrEqual(cohortSize(options));
  expect(new Set(parts.map((part) => part.clientId)).size).toBe(parts.length);
  if (before.phase === 'selecting') return;
  expect(parts.map((part) => part.clientId)).toEqual(before.parts.map((part) => part.clientId));
  before.parts.forEach((part, at) => {
    const { standing } = parts[at]!;
    if (!FINAL.includes(part.standing) || standing === part.standing) return;
    // The one way out of a class: an accepted report whose client had its data deleted.
    expect({ from: part.standing, to: standing, by: event.kind }).toEqual({
      from: 'accepted',
      to: 'dropped',
      by: 'withdrawn',
    });
  });
  if (before.phase === 'aggregating') expect(accepted).toBeLessThanOrEqual(tally(before.parts).accepted);
}

test('R8 R9 R20 R21 any round ends once, every part in one class, and nothing is accepted after', () => {
  fc.assert(
    fc.property(trace, ({ policy: options, seed, available, online, events, commits }) => {
      let at = 1_000;
      let { state, effects } = openRound({ policy: options, seed, available, online, at });
      const kinds: string[] = effects.map(({ kind }) => kind);
      const take = (event: RoundEvent): void => {
        const next = step(state, event);
        compare(state, next.state, event, options);
        kinds.push(...next.effects.map(({ kind }) => kind));
        ({ state, effects } = next);
      };
      for (const { waitMs, what } of events) {
        at += waitMs;
        // A commit is answered only where one was asked for.
        if (what.kind === 'committed' && state.phase !== 'aggregating') continue;
        take({ ...what, at } as RoundEvent);
      }
      // Now only time passes, what is being stored is stored or not, and the commit is answered.
      for (let turns = 0; state.phase !== 'ended'; turns++) {
        expect(turns).toBeLessThan(50);
        const wake = wakeAt(state);
        if (wake !== null) {
          at = Math.max(at, wake);
          take({ kind: 'tick', at });
          const again = wakeAt(state);
          expect(again === null || again > at).toBe(true);
        }
        partsOf(state).forEach((part, slot) => {
          if (part.standing === 'storing') take({ kind: commits ? 'stored' : 'unstored', slot, at });
        });
        if (state.phase === 'aggregating')
          take(commits ? { kind: 'committed', version: 1, at } : { kind: 'failed', at });
      }
      const counts = tally(state.parts);
      expect(counts).toMatchObject({ open: 0, storing: 0 });
      expect(counts.accepted + counts.rejected + counts.late + counts.surplus + counts.dropped).toBe(
        state.parts.length,
      );
      expect(kinds.filter((kind) => kind === 'assign').length).toBe(state.parts.length > 0 ? 1 : 0);
      expect(kinds.filter((kind) => kind === 'abandon').length).toBe(state.outcome.kind === 'abandoned' ? 1 : 0);
      expect(kinds.filter((kind) => kind === 'aggregate').length).toBeLessThanOrEqual(1);
      if (state.outcome.kind === 'committed') {
        expect(kinds).toContain('aggregate');
        expect(counts.accepted).toBeGreaterThanOrEqual(options.minimum);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('R1 R11 R15 R21 a tick at the time that the round asked for always moves it', () => {
  fc.assert(
    fc.property(trace, ({ policy: options, seed, available, online, events }) => {
      let at = 1_000;
      let { state } = openRound({ policy: options, seed, available, online, at });
      for (const { waitMs, what } of events) {
        at += waitMs;
        state = step(state, { ...what, at } as RoundEvent).state;
        const wake = wakeAt(state);
        if (wake === null) continue;
        expect(wake).toBeGreaterThan(at);
        expect(step(state, { kind: 'tick', at: wake - 1 }).effects).toEqual([]);
        expect(step(state, { kind: 'tick', at: wake }).state).not.toEqual(state);
      }
    }),
    { numRuns: 500 },
  );
});
