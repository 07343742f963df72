import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRng, shuffle } from '../../../shared/rng.ts';
import type { BatchAggregator } from './aggregator.ts';
import { listedUpdates } from './fixtures/listed-updates.ts';

/** Rounds of `least` to 15 updates of 1 to 20 values. Drawn normal: no two are alike, so that no rule has a tie. */
const rounds = (least: number) =>
  fc
    .record({
      seed: fc.integer(),
      count: fc.integer({ min: least, max: 15 }),
      values: fc.integer({ min: 1, max: 20 }),
      scale: fc.constantFrom(1e-3, 1, 1e3),
    })
    .map(({ seed, count, values, scale }) => {
      const rng = seededRng(seed);
      const draw = (): Float32Array => Float32Array.from({ length: values }, () => scale * rng.normal());
      return { rng, deltas: Array.from({ length: count }, draw) };
    });

const bytesOf = (vector: Float64Array): Uint8Array => new Uint8Array(vector.buffer);

/** What every batch aggregator promises, from `least` updates on. */
export function describeBatchAggregator(aggregator: BatchAggregator, least: number): void {
  const aggregate = (deltas: readonly Float32Array[]): Float64Array => aggregator.apply(listedUpdates(deltas), null);

  describe(`aggregator ${aggregator.name}`, () => {
    test('the same updates in the same order give the same bits, and stay as they are', () => {
      fc.assert(
        fc.property(rounds(least), ({ deltas }) => {
          const before = deltas.map((delta) => delta.slice());
          expect(bytesOf(aggregate(deltas))).toEqual(bytesOf(aggregate(deltas)));
          expect(deltas).toEqual(before);
        }),
      );
    });

    test('another order agrees to 1e-6 of the largest value', () => {
      fc.assert(
        fc.property(rounds(least), ({ rng, deltas }) => {
          const scale = Math.max(...deltas.flatMap((delta) => [...delta].map(Math.abs)));
          const turned = aggregate(shuffle([...deltas], rng));
          aggregate(deltas).forEach((number, at) => {
            expect(Math.abs(number - turned[at]!)).toBeLessThanOrEqual(1e-6 * scale);
          });
        }),
      );
    });

    test('every value lies between the least and the most of the updates', () => {
      fc.assert(
        fc.property(rounds(least), ({ deltas }) => {
          const slack = 1e-6 * Math.max(...deltas.flatMap((delta) => [...delta].map(Math.abs)));
          aggregate(deltas).forEach((number, at) => {
            const column = deltas.map((delta) => delta[at]!);
            expect(number).toBeGreaterThanOrEqual(Math.min(...column) - slack);
            expect(number).toBeLessThanOrEqual(Math.max(...column) + slack);
          });
        }),
      );
    });

    test('the aggregate of equal updates is that update', () => {
      const value = fc.float({ min: -1e6, max: 1e6, noNaN: true });
      const delta = fc.array(value, { minLength: 1, maxLength: 20 }).map((list) => Float32Array.from(list));
      fc.assert(
        fc.property(delta, fc.integer({ min: least, max: 15 }), (only, count) => {
          aggregate(Array(count).fill(only)).forEach((number, at) => {
            expect(Math.abs(number - only[at]!)).toBeLessThanOrEqual(1e-9 * Math.abs(only[at]!));
          });
        }),
      );
    });

    test('updates below its limit are a bug', () => {
      const below = Array.from({ length: least - 1 }, (_, at) => Float32Array.of(at, 1, 2));
      expect(() => aggregate(below)).toThrow();
    });
  });
}
