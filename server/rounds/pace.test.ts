import { expect, test } from 'vitest';
import { digits } from '../../shared/task/templates/digits.ts';
import {
  cohortFor,
  dropoutOf,
  measuredPolicy,
  type PaceNote,
  retryWindow,
  slowReportMs,
  usualRoundMs,
} from './pace.ts';

test('a few come back within five seconds', () => {
  expect(retryWindow(7, 3)).toEqual({ round: 7, afterMs: 1_000, beforeMs: 5_000 });
});

test('many come back over as long as fifty a second take', () => {
  expect(retryWindow(1, 10_000)).toEqual({ round: 1, afterMs: 1_000, beforeMs: 201_000 });
});

test('R24: where rounds are known to take a while, nobody comes back much before the next', () => {
  expect(retryWindow(1, 3, 20_000)).toEqual({ round: 1, afterMs: 18_000, beforeMs: 22_000 });
  expect(retryWindow(1, 3, 3_600_000).afterMs).toBe(60_000);
});

test('R23: n(1 − p) − 3·√(np(1 − p)) ≥ goal', () => {
  expect([0, 0.1, 0.2, 0.3].map((share) => cohortFor(100, share, 300))).toEqual([100, 123, 143, 169]);
  expect([0, 0.2, 0.5].map((share) => cohortFor(3, share, 300))).toEqual([3, 8, 20]);
  expect(cohortFor(10_000, 0.9999, 20_000)).toBe(20_000);
});

const note = (selected: number, lost: number, reportMs: number[], roundMs = 5_000): PaceNote => ({
  ...{ selected, lost, reportMs, roundMs },
});
const policy = { ...digits.rounds, goal: 10, pace: 'measured' } as const;

test('R23: with too little to go by, or where the task wants none of it, the policy is the task’s own', () => {
  const few = [note(12, 2, [1_000, 2_000])];
  expect([dropoutOf(few), slowReportMs(few)]).toEqual([null, null]);
  expect(measuredPolicy(policy, few)).toEqual(policy);
  expect(measuredPolicy(digits.rounds, Array(9).fill(note(10, 5, [1])))).toEqual(digits.rounds);
});

test('R23: the cohort is for the drop-out that was seen, the deadline twice what nine of ten took', () => {
  const reports = Array.from({ length: 10 }, (_, at) => 1_000 * (at + 1));
  const notes = [note(20, 4, reports), note(20, 4, reports)];
  expect([dropoutOf(notes), slowReportMs(notes)]).toEqual([0.2, 9_000]);
  expect(measuredPolicy(policy, notes)).toEqual({ ...policy, overSelection: 2, reportingDeadlineMs: 18_000 });
  expect(cohortFor(10, 0.2, 30)).toBe(20);
});

test('R23: it is bounded: three times the goal, five seconds at least, the task’s own deadline at most', () => {
  const all = measuredPolicy(policy, Array(9).fill(note(10, 10, [])));
  expect(all.overSelection).toBe(3);
  expect(measuredPolicy(policy, Array(9).fill(note(10, 0, [1, 2, 3]))).reportingDeadlineMs).toBe(5_000);
  expect(measuredPolicy(policy, Array(9).fill(note(10, 0, [90_000, 90_000, 90_000]))).reportingDeadlineMs).toBe(
    120_000,
  );
});

test('R24: a usual round is the median one', () => {
  expect(usualRoundMs([])).toBeNull();
  expect(usualRoundMs([note(1, 0, [], 9_000), note(1, 0, [], 1_000), note(1, 0, [], 2_000)])).toBe(2_000);
});
