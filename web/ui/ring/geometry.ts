import type { CohortMember, TaskStatus } from '../../../shared/protocol/index.ts';

/** Where everything of the ring lies. Pure numbers: the component draws them. Angles in radians, 0 at the top, clockwise. */

export type MemberState = CohortMember['state'];
export type RingRound = NonNullable<TaskStatus['round']>;
export const MEMBER_STATES = ['waiting', 'downloading', 'training', 'uploading', 'done', 'dropped'] as const;

/** More than this many dots merge into arcs. */
export const DOTS_COUNT = 60;

export interface Layout {
  /** Of the view box; the centre lies in its middle. */
  readonly width: number;
  readonly height: number;
  /** Radius on which the dots lie, and of the disc in the centre. */
  readonly ring: number;
  readonly disc: number;
}
export const LAYOUTS = {
  full: { width: 320, height: 296, ring: 118, disc: 56 },
  tiny: { width: 48, height: 48, ring: 18, disc: 8.5 },
} as const satisfies Record<string, Layout>;

/** A person on the ring: their own state is fresher here than what the server last said. */
export interface You {
  readonly slot: number;
  readonly state: MemberState;
  readonly share: number;
}

export interface Dot {
  readonly slot: number;
  readonly angle: number;
  readonly state: MemberState;
  readonly share: number;
  readonly isYou: boolean;
}
export interface Arc {
  readonly state: MemberState;
  readonly count: number;
  readonly from: number;
  readonly to: number;
}
export type Picture =
  | { readonly kind: 'empty' }
  | { readonly kind: 'gathering'; readonly available: number; readonly goal: number }
  | { readonly kind: 'dots'; readonly dots: readonly Dot[] }
  | { readonly kind: 'arcs'; readonly arcs: readonly Arc[] };

/** What the ring shows of a round. */
export function pictureOf(round: RingRound | null, you: You | null): Picture {
  if (round === null) return { kind: 'empty' };
  if (round.phase === 'selecting') return { kind: 'gathering', available: round.available, goal: round.goal };
  if (round.members !== null && round.members.length > 0 && round.members.length <= DOTS_COUNT) {
    return { kind: 'dots', dots: dotsOf(round.members, you) };
  }
  const arcs = arcsOf(round.counts);
  return arcs.length === 0 ? { kind: 'empty' } : { kind: 'arcs', arcs };
}

function dotsOf(members: readonly CohortMember[], you: You | null): Dot[] {
  const bySlot = [...members].sort((a, b) => a.slot - b.slot);
  return bySlot.map((member, index) => {
    const isYou = you?.slot === member.slot;
    const { state, share } = isYou && you ? you : member;
    return { slot: member.slot, angle: (2 * Math.PI * index) / bySlot.length, state, share, isYou };
  });
}

/** One arc for each state that somebody is in, with a gap between them; a small count stays visible. */
export function arcsOf(counts: Readonly<Record<MemberState, number>>): Arc[] {
  const present = MEMBER_STATES.filter((state) => counts[state] > 0);
  if (present.length === 0) return [];
  const gap = present.length === 1 ? 0 : 0.14;
  const least = 0.26;
  const room = 2 * Math.PI - present.length * (gap + least);
  const total = present.reduce((sum, state) => sum + counts[state], 0);
  let at = gap / 2;
  return present.map((state) => {
    const length = least + (room * counts[state]) / total;
    const arc = { state, count: counts[state], from: at, to: at + length };
    at += length + gap;
    return arc;
  });
}

/** Radius of one dot among `count`: they never touch. */
export function dotRadius(layout: Layout, count: number): number {
  const room = (Math.PI * layout.ring) / Math.max(1, count);
  return Math.min(layout.ring / 15, Math.max(layout.ring / 34, room * 0.66));
}

/** The point at a radius and an angle, seen from the centre. */
export function pointAt(angle: number, radius: number): { readonly x: number; readonly y: number } {
  return { x: round2(radius * Math.sin(angle)), y: round2(-radius * Math.cos(angle)) };
}

/** An SVG path along the circle; a whole circle is drawn as two halves. */
export function arcPath(radius: number, from: number, to: number): string {
  const start = pointAt(from, radius);
  const end = pointAt(to, radius);
  if (to - from >= 2 * Math.PI - 1e-6) {
    const half = pointAt(from + Math.PI, radius);
    return `M${start.x} ${start.y}A${radius} ${radius} 0 0 1 ${half.x} ${half.y}A${radius} ${radius} 0 0 1 ${start.x} ${start.y}`;
  }
  const isLarge = to - from > Math.PI ? 1 : 0;
  return `M${start.x} ${start.y}A${radius} ${radius} 0 ${isLarge} 1 ${end.x} ${end.y}`;
}

const round2 = (value: number): number => Math.round(value * 100) / 100 || 0;
