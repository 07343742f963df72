import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  arcPath,
  arcsOf,
  DOTS_COUNT,
  dotRadius,
  LAYOUTS,
  MEMBER_STATES,
  type MemberState,
  pictureOf,
  pointAt,
  type RingRound,
} from './geometry.ts';

const none = { waiting: 0, downloading: 0, training: 0, uploading: 0, done: 0, dropped: 0 };
const round = (over: Partial<RingRound>): RingRound => ({
  number: 38,
  phase: 'reporting',
  available: 3,
  goal: 3,
  selected: 3,
  accepted: 0,
  endsInMs: 10_000,
  members: null,
  counts: none,
  ...over,
});
const members = (count: number) =>
  Array.from({ length: count }, (_, slot) => ({ slot, state: 'training' as const, share: 0.5 }));

describe('what the ring shows', () => {
  it('is empty between rounds', () => {
    expect(pictureOf(null, null)).toEqual({ kind: 'empty' });
  });

  it('gathers while a cohort is selected', () => {
    expect(pictureOf(round({ phase: 'selecting', available: 1, goal: 3 }), null)).toEqual({
      kind: 'gathering',
      available: 1,
      goal: 3,
    });
  });

  it('has one dot a member, in the order of the slots, from the top', () => {
    const picture = pictureOf(round({ members: members(4).reverse() }), null);
    expect(picture.kind === 'dots' && picture.dots.map(({ slot, angle }) => [slot, angle])).toEqual([
      [0, 0],
      [1, Math.PI / 2],
      [2, Math.PI],
      [3, (3 * Math.PI) / 2],
    ]);
  });

  it('believes the person themselves about their own dot', () => {
    const picture = pictureOf(round({ members: members(2) }), { slot: 1, state: 'uploading', share: 0.25 });
    expect(picture.kind === 'dots' && picture.dots).toEqual([
      { slot: 0, angle: 0, state: 'training', share: 0.5, isYou: false },
      { slot: 1, angle: Math.PI, state: 'uploading', share: 0.25, isYou: true },
    ]);
  });

  it('merges dots into arcs above 60, or where only counts came', () => {
    const counts = { ...none, training: 50, done: 11 };
    expect(pictureOf(round({ members: members(DOTS_COUNT) }), null).kind).toBe('dots');
    expect(pictureOf(round({ members: members(DOTS_COUNT + 1), counts }), null).kind).toBe('arcs');
    expect(pictureOf(round({ members: null, counts }), null).kind).toBe('arcs');
  });
});

describe('geometry', () => {
  it('puts angle 0 at the top and goes clockwise', () => {
    expect(pointAt(0, 10)).toEqual({ x: 0, y: -10 });
    expect(pointAt(Math.PI / 2, 10)).toEqual({ x: 10, y: 0 });
  });

  it('draws a whole circle as two halves', () => {
    expect(arcPath(10, 0, 2 * Math.PI)).toBe('M0 -10A10 10 0 0 1 0 10A10 10 0 0 1 0 -10');
    expect(arcPath(10, 0, Math.PI / 2)).toBe('M0 -10A10 10 0 0 1 10 0');
  });

  it('keeps dots apart for any cohort up to 60', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: DOTS_COUNT }), (count) => {
        const chord = 2 * LAYOUTS.full.ring * Math.sin(Math.PI / count);
        return 2 * dotRadius(LAYOUTS.full, count) < chord;
      }),
    );
  });

  it('gives every present state an arc, within one turn, without overlap', () => {
    const counts = fc.record(
      Object.fromEntries(MEMBER_STATES.map((state) => [state, fc.nat(100_000)])) as Record<
        MemberState,
        fc.Arbitrary<number>
      >,
    );
    fc.assert(
      fc.property(counts, (some) => {
        const arcs = arcsOf(some);
        expect(arcs.map(({ state }) => state)).toEqual(MEMBER_STATES.filter((state) => some[state] > 0));
        let at = 0;
        for (const { from, to } of arcs) {
          expect(from).toBeGreaterThanOrEqual(at);
          expect(to).toBeGreaterThan(from);
          at = to;
        }
        expect(at).toBeLessThanOrEqual(2 * Math.PI + 1e-9);
      }),
    );
  });
});
