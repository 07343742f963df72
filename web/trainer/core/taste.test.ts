import { describe, expect, it } from 'vitest';
import type { ExampleForm } from '../../../shared/task/kinds/form.ts';
import { examplesOf } from './examples.ts';
import { latestOfEach, solveTaste, tastesOf, unratedScores } from './taste.ts';

/** Three items of two factors and a bias. */
const factors = { params: Float32Array.of(1, 0, 0.5, 0, 2, 0, 1, 1, -1), width: 3 };

const form = (ridge: number): ExampleForm => ({
  shape: [1],
  features: { type: 'int32', below: 3 },
  target: { type: 'number', offset: 3, scale: 2 },
  taste: { ridge },
});
const rated = (items: readonly number[], targets: readonly number[]) => ({
  features: Int32Array.from(items),
  targets: Float32Array.from(targets),
});

describe('the taste', () => {
  it('is the ridge solution of (VᵀV + λI) u = Vᵀ(r − b), with a 1 for the bias behind it', () => {
    // One factor each: u₀ = 1 · (1.5 − 0.5) / (1 + 1), u₁ = 2 · 3 / (4 + 1).
    const ratings = [
      { item: 0, target: 1.5 },
      { item: 1, target: 3 },
    ];
    expect([...solveTaste(factors, ratings, 1)]).toEqual([0.5, Math.fround(1.2), 1]);
    // With item 2 as well: [[3, 1], [1, 6]] u = [1 + 2, 6 + 2], so u = [10, 21] / 17.
    const [first, second] = solveTaste(factors, [...ratings, { item: 2, target: 1 }], 1);
    expect(first).toBeCloseTo(10 / 17, 6);
    expect(second).toBeCloseTo(21 / 17, 6);
  });

  it('is nothing of its own where there is no rating', () => {
    expect([...solveTaste(factors, [], 1)]).toEqual([0, 0, 1]);
  });

  it('is made of one half of a person’s ratings and tried on the other, person by person', () => {
    const two = examplesOf(form(1), [rated([0, 1, 2, 0, 1, 2], [5, 5, 5, 1, 1, 1])], 3);
    const { order, of } = tastesOf(factors, two, 7);
    // Of three ratings one makes the taste and two are left.
    expect([...order].map((index) => Math.floor(index / 3))).toEqual([0, 0, 1, 1]);
    expect(new Set(order).size).toBe(4);
    expect(of(0)).toBe(of(2));
    expect(of(3)).not.toBe(of(2));
    const support = [0, 1, 2].find((index) => !order.includes(index)) ?? 0;
    expect(of(0)).toEqual(solveTaste(factors, [{ item: support, target: 1 }], 1));
    expect(tastesOf(factors, two, 7).order).toEqual(order);
  });

  it('tells of what is not rated yet only', () => {
    // Target (5 − 3) / 2 = 1: u = [(1 − 0.5) / 2, 0], so item 1 gets 0 and item 2 gets 0.25 − 1.
    expect([...unratedScores(factors, examplesOf(form(1), [rated([0], [5])]))]).toEqual([Number.NaN, 0, -0.75]);
    expect([...unratedScores(factors, examplesOf(form(1), [rated([], [])]))]).toEqual([0.5, 0, -1]);
  });

  it('goes by the newest rating of each item', () => {
    const parts = [rated([0, 1], [5, 4]), rated([2, 0], [3, 1])];
    expect(latestOfEach(form(1), parts)).toEqual([rated([1, 2, 0], [4, 3, 1])]);
    const { taste: _, ...other } = form(1);
    expect(latestOfEach(other, parts)).toBe(parts);
  });
});
