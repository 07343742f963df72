import fc from 'fast-check';
import { type Edit, edits } from './edits.ts';
import { type Mutation, mutation, oddValue } from './mutations.ts';

/** Where a contributor can stand when a message goes wrong. */
export const STATES = ['joined', 'waiting', 'assigned', 'announced', 'half-sent', 'sent', 'reported'] as const;
export type ContributorState = (typeof STATES)[number];

export const EVENTS = [
  ...(['check-in', 'check-out', 'resume', 'report-begin', 'report-chunk', 'report-end', 'progress', 'forget'] as const),
];
export type EventName = (typeof EVENTS)[number];

/** One thing that a contributor does. What is right about it follows from where it stands when it comes to it. */
export type Step =
  | { readonly kind: 'advance'; readonly to: ContributorState }
  /** An event of the protocol, right or with one change, so many times. */
  | {
      readonly kind: 'event';
      readonly event: EventName;
      readonly change: Mutation | null;
      readonly times: number;
      readonly hasAck: boolean;
    }
  /** Arguments that have nothing to do with the event, whose name may be none. */
  | {
      readonly kind: 'arguments';
      readonly event: string;
      readonly args: readonly unknown[];
      readonly bytes: number | null;
    }
  /** A packet of Socket.IO with some characters of it replaced, taken out or put in. */
  | { readonly kind: 'packet'; readonly event: EventName; readonly edits: readonly Edit[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly length: number }
  | { readonly kind: 'join'; readonly change: Mutation | null; readonly isSame: boolean };

const event = fc.constantFrom(...EVENTS);
const change = fc.option(mutation, { freq: 4 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      kind: fc.constant('event' as const),
      event,
      change,
      times: fc.constantFrom(1, 1, 1, 1, 2, 3),
      hasAck: fc.constantFrom(true, true, true, true, false),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance' as const), to: fc.constantFrom(...STATES) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('arguments' as const),
      event: fc.oneof(
        event,
        fc.string({ maxLength: 20 }),
        fc.constantFrom('constructor', '__proto__', 'welcome', 'error'),
      ),
      args: fc.array(oddValue, { maxLength: 3 }),
      bytes: fc.option(fc.constantFrom(0, 1, 1_000, 262_144, 270_000), { freq: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('packet' as const),
      event,
      edits,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('text' as const), text: fc.string({ maxLength: 60 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('bytes' as const), length: fc.constantFrom(0, 1, 100, 300_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('join' as const),
      change: fc.option(mutation, { freq: 1 }),
      isSame: fc.boolean(),
    }),
  },
);

/** One run: where it begins, and what is done from there. A hundred steps on average; less is found by shrinking. */
export const script: fc.Arbitrary<{ readonly start: ContributorState; readonly steps: readonly Step[] }> = fc.record({
  start: fc.constantFrom(...STATES),
  steps: fc.noBias(fc.array(step, { minLength: 1, maxLength: 200, size: 'max' })),
});
