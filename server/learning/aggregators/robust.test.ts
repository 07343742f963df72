import { describe, expect, test } from 'vitest';
import { seededRng } from '../../../shared/rng.ts';
import type { AnyAggregator } from './aggregator.ts';
import { eachBlock } from './blocks.ts';
import { listedUpdates, updatesOf } from './fixtures/listed-updates.ts';
import { aggregatorOf } from './index.ts';

/** Ten values; seven honest updates drawn from N(1, 0.1), three that are −100 everywhere. */
const rng = seededRng(10);
const HONEST = Array.from({ length: 7 }, () => Float32Array.from({ length: 10 }, () => 1 + 0.1 * rng.normal()));
const ATTACKED = [...HONEST, ...Array.from({ length: 3 }, () => new Float32Array(10).fill(-100))];

function aggregate(aggregator: AnyAggregator): Float64Array {
  if ('apply' in aggregator) return aggregator.apply(listedUpdates(ATTACKED), null);
  return aggregator.finish(
    ATTACKED.reduce((state, delta) => aggregator.add(state, { delta, weight: 1 }), aggregator.init(10)),
  );
}
const errorOf = (settings: Parameters<typeof aggregatorOf>[0]['aggregator']): number =>
  Math.max(...aggregate(aggregatorOf({ name: 'robust', aggregator: settings })).map((value) => Math.abs(value - 1)));

describe('seven honest updates near 1 and three at −100, largest error of ten coordinates', () => {
  test('the mean errs by about 30', () => {
    expect(errorOf({ name: 'mean' })).toBeGreaterThan(30);
    expect(errorOf({ name: 'mean' })).toBeLessThan(31);
  });

  test.each([
    { name: 'median' },
    { name: 'trimmed-mean', share: 0.3 },
    { name: 'krum', malicious: 3 },
    { name: 'multi-krum', malicious: 3, keep: 5 },
    { name: 'geometric-median', passes: 10, smoothing: 1e-6 },
    { name: 'centered-clipping', radius: 0.5, passes: 40 },
  ] as const)('$name errs by 0.25 at most', (settings) => {
    expect(errorOf(settings)).toBeLessThanOrEqual(0.25);
  });

  test('five passes of the geometric median are too few, and so wide a radius is no defence', () => {
    expect(errorOf({ name: 'geometric-median', passes: 5, smoothing: 1e-6 })).toBeGreaterThan(0.6);
    expect(errorOf({ name: 'centered-clipping', radius: 10, passes: 40 })).toBeGreaterThan(1);
  });

  test('threat C2: a norm bound keeps the harm to f · C / n: 3 · 3.2 / 10 in length', () => {
    const bounded = aggregate(aggregatorOf({ name: 'robust', aggregator: { name: 'norm-bound', norm: 3.2 } }));
    const length = Math.hypot(...bounded.map((value) => value - 0.7));
    expect(length).toBeLessThanOrEqual(0.96 + 0.1);
  });
});

test('blocks of coordinates cover every value once, however small', () => {
  const updates = updatesOf([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]);
  const seen: number[][] = [];
  eachBlock(updates, (rows, from) => seen.push([from, ...rows.flatMap((row) => [...row])]), 4);
  expect(seen).toEqual([
    [0, 1, 2, 6, 7],
    [2, 3, 4, 8, 9],
    [4, 5, 10],
  ]);
  seen.length = 0;
  eachBlock(updates, (rows, from) => seen.push([from, ...rows.flatMap((row) => [...row])]), 1);
  expect(seen).toHaveLength(5);
});

test('a strategy without an aggregator takes the mean', () => {
  expect(aggregatorOf({ name: 'fedavg' }).name).toBe('mean');
});
