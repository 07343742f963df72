import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sha256 } from '../../shared/ids.ts';
import type { Checkpoint, Round } from './answers.ts';
import {
  curveOf,
  durationMs,
  emptyHistory,
  lastScored,
  rejectedCount,
  sparkOf,
  trafficToday,
  withRounds,
  withScore,
} from './history.ts';

const committed = (number: number, version: number, over: Partial<Round> = {}): Round => ({
  number,
  outcome: 'committed',
  baseVersion: version - 1,
  version,
  selected: 3,
  accepted: 3,
  rejected: {},
  late: 0,
  surplus: 0,
  dropped: 0,
  uplinkBytes: 10,
  downlinkBytes: 20,
  startedAt: '2026-01-02T10:00:00.000Z',
  endedAt: '2026-01-02T10:00:07.400Z',
  metrics: null,
  ...over,
});
const abandoned = (number: number): Round => {
  const { version: _none, ...round } = committed(number, 1, { outcome: 'abandoned', reason: 'too-few', accepted: 0 });
  return round;
};
const score = (accuracy: number) => ({ accuracy, loss: 1 - accuracy });
const start: Checkpoint = {
  version: 0,
  sha256: '0'.repeat(64) as Sha256,
  bytes: 4,
  createdAt: '2026-01-02T09:00:00.000Z',
  metrics: score(0.1),
  kept: true,
};

describe('the last score', () => {
  it('is that of the newest scored version: a version that waits for its score leaves the one before it', () => {
    expect(lastScored(emptyHistory)).toBeNull();
    const first = withScore(emptyHistory, 0, score(0.1));
    expect(lastScored(first)).toEqual({ version: 0, score: score(0.1) });
    const rounds = [committed(1, 1, { metrics: score(0.5) }), abandoned(2), committed(3, 2)];
    const waiting = withRounds(first, rounds, true);
    expect(lastScored(waiting)).toEqual({ version: 1, score: score(0.5) });
    expect(lastScored(withScore(waiting, 2, score(0.6)))).toEqual({ version: 2, score: score(0.6) });
  });
});

describe('the rounds of a history', () => {
  it('are each there once, in order, whatever comes in which order; the one that runs is not history', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 8 }), { maxLength: 8 }),
        (answers) => {
          let history = emptyHistory;
          for (const numbers of answers) {
            const rows = numbers.map((number) => committed(number, number));
            history = withRounds(history, [...rows, { ...committed(99, 99), outcome: null }], false);
          }
          const expected = [...new Set(answers.flat())].sort((a, b) => a - b);
          expect(history.rounds.map(({ number }) => number)).toEqual(expected);
          expect(history.isWhole).toBe(false);
        },
      ),
    );
  });

  it('are replaced by a whole answer', () => {
    const before = withRounds(emptyHistory, [committed(7, 7)], false);
    const after = withRounds(before, [committed(1, 1), abandoned(2)], true);
    expect(after.rounds.map(({ number }) => number)).toEqual([1, 2]);
    expect(after.isWhole).toBe(true);
    expect(withRounds(after, [committed(3, 2)], false).isWhole).toBe(true);
  });
});

describe('the curve', () => {
  it('passes abandoned rounds by, starts with the model before the first, and has a gap before a score', () => {
    const rounds = [committed(1, 1, { metrics: score(0.5) }), abandoned(2), committed(3, 2)];
    const history = { ...withRounds(emptyHistory, rounds, true), checkpoints: [start] };
    expect(curveOf(history)).toEqual({ rounds: [0, 1, 3], measure: [0.1, 0.5, null], loss: [0.9, 0.5, null] });
    expect(curveOf(withScore(history, 2, score(0.75))).measure).toEqual([0.1, 0.5, 0.75]);
    expect(sparkOf(history, 60)).toEqual([0.5, null]);
    expect(sparkOf(history, 1)).toEqual([null]);
  });

  it('knows a score that came before its round', () => {
    const early = withScore(emptyHistory, 1, score(0.5));
    expect(curveOf(withRounds(early, [committed(1, 1)], false)).measure).toEqual([0.5]);
  });
});

describe('figures', () => {
  it('traffic of today is both ways, of rounds that ended today', () => {
    const noon = new Date(2026, 0, 2, 12).getTime();
    const at = (...date: [number, number, number, number]) => new Date(...date).toISOString();
    const rounds = [
      committed(1, 1, { endedAt: at(2026, 0, 1, 23) }),
      committed(2, 2, { endedAt: at(2026, 0, 2, 0) }),
      committed(3, 3, { endedAt: at(2026, 0, 2, 11) }),
      committed(4, 4, { endedAt: null }),
    ];
    expect(trafficToday(rounds, noon)).toBe(60);
  });
  it('a duration is from start to end, and unknown while it runs', () => {
    expect(durationMs(committed(1, 1))).toBe(7_400);
    expect(durationMs(committed(1, 1, { endedAt: null }))).toBeNull();
  });
  it('rejected counts every reason', () => {
    expect(rejectedCount({ rejected: { norm: 2, 'not-finite': 1 } })).toBe(3);
  });
});
