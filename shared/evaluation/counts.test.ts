import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countsOf, countsProblem } from './counts.ts';
import { evaluationOf } from './result.ts';
import { COUNTS_COUNT } from './size.ts';

const at = (bin: number): number[] => Array.from({ length: 20 }, (_, index) => (index === bin ? 1 : 0));

describe('the counts of one person', () => {
  test('31 of 40 right with a mean loss of 0.5', () => {
    const counts = countsOf({ examples: 40, loss: 0.5, measure: { correct: 31 } });
    // 0.5 · 40 · 256; 4,096 · 31 ÷ 40 = 3,174.4; 77.5 % is the 16th twentieth
    expect([...counts]).toEqual([40, 5_120, 31, 3_174, 10_074_276, ...at(15)]);
    expect(countsProblem(counts, 'class')).toBeNull();
  });

  test('ten numbers, three quarters of a scale off', () => {
    const counts = countsOf({ examples: 10, loss: 1, measure: { scaledError: 0.75 } });
    expect([...counts]).toEqual([10, 2_560, 1_920, 192, 36_864, ...at(7)]);
    expect(countsProblem(counts, 'number')).toBeNull();
  });

  test('everything right is in the last twentieth, nothing right in the first', () => {
    expect([...countsOf({ examples: 2, loss: 0, measure: { correct: 2 } })].slice(2)).toEqual([
      2,
      4_096,
      16_777_216,
      ...at(19),
    ]);
    expect([...countsOf({ examples: 2, loss: 3, measure: { correct: 0 } })].slice(2)).toEqual([0, 0, 0, ...at(0)]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 3.4e38, 16.1])('a mean of %d is cut off at 16', (mean) => {
    const counts = countsOf({ examples: 3, loss: mean, measure: { scaledError: mean } });
    expect([...counts]).toEqual([3, 12_288, 12_288, 4_096, 16_777_216, ...at(19)]);
    expect(countsProblem(counts, 'number')).toBeNull();
  });

  test('whatever is scored, every count is exact in float32 and taken', () => {
    const figures = fc.record({ examples: fc.integer({ min: 1, max: 4_096 }), loss: fc.double({ min: 0, max: 40 }) });
    fc.assert(
      fc.property(figures, fc.nat(4_096), fc.double({ min: 0, max: 40, noNaN: true }), (own, right, scaledError) => {
        const correct = Math.min(right, own.examples);
        expect(countsProblem(countsOf({ ...own, measure: { correct } }), 'class')).toBeNull();
        expect(countsProblem(countsOf({ ...own, measure: { scaledError } }), 'number')).toBeNull();
      }),
    );
  });
});

describe('what is no count of this task', () => {
  const good = () => countsOf({ examples: 40, loss: 0.5, measure: { correct: 31 } });
  test.each<[string, (counts: Float32Array) => void, string]>([
    ['half an example', (counts) => counts.set([40.5]), 'whole numbers'],
    ['less than nothing', (counts) => counts.set([-1], 1), 'whole numbers'],
    ['no examples', (counts) => counts.set([0]), '1 to 4096'],
    ['more than anybody may count', (counts) => counts.set([4_097]), '1 to 4096'],
    ['a loss above the limit', (counts) => counts.set([163_841], 1), 'loss'],
    ['more right than there are', (counts) => counts.set([41], 2), 'than there are'],
    ['another level', (counts) => counts.set([3_175], 3), 'contradict'],
    ['another square', (counts) => counts.set([1], 4), 'contradict'],
    ['no place', (counts) => counts.set([0], 20), 'place'],
    ['two places', (counts) => counts.set([1], 6), 'place'],
    ['a heavier place', (counts) => counts.set([2], 20), 'place'],
  ])('%s', (_, spoil, sentence) => {
    const counts = good();
    spoil(counts);
    expect(countsProblem(counts, 'class')).toContain(sentence);
  });

  test('counts of the other kind, and another number of them', () => {
    expect(countsProblem(countsOf({ examples: 10, loss: 1, measure: { scaledError: 3 } }), 'class')).not.toBeNull();
    expect(countsProblem(good().subarray(1), 'class')).toContain(`${COUNTS_COUNT} counts`);
  });
});

describe('what came of a round', () => {
  const target = { type: 'class', count: 10 } as const;
  const sumOf = (people: readonly (readonly [examples: number, correct: number])[]): Float64Array => {
    const sums = new Float64Array(COUNTS_COUNT);
    for (const [examples, correct] of people)
      countsOf({ examples, loss: 0.25, measure: { correct } }).forEach((count, index) => {
        sums[index] = (sums[index] as number) + count;
      });
    return sums;
  };

  test('means and spread of five, by hand', () => {
    const sums = sumOf([
      [10, 5],
      [10, 10],
      [20, 0],
      [10, 5],
      [10, 10],
    ]);
    expect(evaluationOf(sums, 5, target)).toEqual({
      clients: 5,
      examples: 60,
      score: { loss: 0.25, accuracy: 0.5 },
      spread: {
        mean: 0.6,
        // √((2 · 0.1² + 2 · 0.4² + 0.6²) ÷ 5)
        deviation: expect.closeTo(Math.sqrt(0.14), 12),
        bins: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2],
        binWidth: 0.05,
      },
    });
  });

  test('of four neither their mean nor the spread: it would tell of single ones', () => {
    const sums = sumOf([
      [10, 5],
      [10, 10],
      [20, 0],
      [10, 5],
    ]);
    expect(evaluationOf(sums, 4, target)).toEqual({
      clients: 4,
      examples: 50,
      score: { loss: 0.25, accuracy: 0.4 },
      spread: null,
    });
  });

  test('errors are told in the unit of the target', () => {
    const counts = countsOf({ examples: 10, loss: 1, measure: { scaledError: 0.75 } });
    const sums = Float64Array.from(counts, (count) => count * 5);
    expect(evaluationOf(sums, 5, { type: 'number', offset: 20, scale: 4 })).toMatchObject({
      examples: 50,
      score: { loss: 1, absoluteError: 3 },
      spread: { mean: 3, deviation: 0, binWidth: 0.4 },
    });
  });
});
