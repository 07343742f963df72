import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pack, packedBytes } from '../../../shared/codec/bit-packing.ts';
import { toBytes } from '../../../shared/weights/vector.ts';
import { CODE_BITS, readFrom } from '../kernel/kernel.ts';
import { type Addend, type Aggregator, addendOfFloats, type Contribution, type Counting } from './aggregator.ts';

const value = fc.float({ min: -1e6, max: 1e6, noNaN: true });

/** 1 to 12 contributions to a model of 1 to 20 values. */
const round = fc.integer({ min: 1, max: 20 }).chain((values) =>
  fc.array(
    fc.record({
      delta: fc.array(value, { minLength: values, maxLength: values }).map((list) => Float32Array.from(list)),
      weight: fc.integer({ min: 1, max: 1_000_000 }),
      steps: fc.integer({ min: 1, max: 1_000 }),
    }),
    { minLength: 1, maxLength: 12 },
  ),
);

const valuesOf = (contributions: readonly Contribution[]): number => contributions[0]?.delta.length ?? 0;

const bitsOf = ({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** What every aggregator promises, whatever it computes. */
export function describeAggregator<State>(aggregator: Aggregator<State>): void {
  const aggregate = (contributions: readonly Contribution[]): Float64Array =>
    aggregator.finish(
      contributions.reduce(
        (state, contribution) => aggregator.add(state, contribution),
        aggregator.init(valuesOf(contributions)),
      ),
    );

  describe(`aggregator ${aggregator.name}`, () => {
    test('one update alone is the aggregate, whatever its weight', () => {
      fc.assert(
        fc.property(round, ([only]) => {
          const result = aggregate([only!]);
          result.forEach((number, at) => {
            expect(Math.abs(number - only!.delta[at]!)).toBeLessThanOrEqual(1e-12 * Math.abs(only!.delta[at]!));
          });
        }),
      );
    });

    test('the same updates in the same order give the same bits', () => {
      fc.assert(
        fc.property(round, (contributions) => {
          expect(bitsOf(aggregate(contributions))).toEqual(bitsOf(aggregate(contributions)));
        }),
      );
    });

    const { addStream } = aggregator;
    if (addStream !== undefined) {
      const streamed = (list: readonly { readonly addend: Addend; readonly counting: Counting }[], values: number) =>
        aggregator.finish(
          list.reduce((state, { addend, counting }) => addStream(state, addend, counting), aggregator.init(values)),
        );

      test('an update that is read piece by piece gives the same bits', () => {
        fc.assert(
          fc.property(round, (contributions) => {
            const list = contributions.map(({ delta, ...counting }) => ({
              addend: addendOfFloats(readFrom(toBytes(delta))),
              counting,
            }));
            expect(bitsOf(streamed(list, valuesOf(contributions)))).toEqual(bitsOf(aggregate(contributions)));
          }),
        );
      });

      test.each(CODE_BITS)('and so does one of codes of %i bits that are looked up', (bits) => {
        const levels = Float32Array.from({ length: 2 ** bits }, (_, code) => (code - 2 ** bits / 3) / 7);
        const coded = fc.integer({ min: 1, max: 70 }).chain((values) =>
          fc.array(
            fc.record({
              codes: fc.array(fc.nat(2 ** bits - 1), { minLength: values, maxLength: values }),
              weight: fc.integer({ min: 1, max: 1_000 }),
              steps: fc.integer({ min: 1, max: 100 }),
            }),
            { minLength: 1, maxLength: 4 },
          ),
        );
        fc.assert(
          fc.property(coded, (list) => {
            const values = list[0]!.codes.length;
            const contributions = list.map(({ codes, ...counting }) => ({
              delta: Float32Array.from(codes, (code) => levels[code]!),
              ...counting,
            }));
            const addends = list.map(({ codes, ...counting }) => {
              const body = new Uint8Array(packedBytes(values, bits));
              pack(Uint16Array.from(codes), values, bits, body, 0);
              const addend: Addend = (sums, weight) => sums.addCodes(readFrom(body), bits, levels, weight);
              return { addend, counting };
            });
            expect(bitsOf(streamed(addends, values))).toEqual(bitsOf(aggregate(contributions)));
          }),
        );
      });
    }

    const { partial } = aggregator;
    if (partial !== undefined) {
      const folded = (list: readonly Contribution[], values: number): State =>
        list.reduce((state, contribution) => aggregator.add(state, contribution), aggregator.init(values));
      /** As another process hands it over: a copy of the sums, and the numbers through JSON. */
      const handedOver = (list: readonly Contribution[], values: number) => {
        const { values: sums, numbers } = partial.of(folded(list, values));
        const bytes = bitsOf(sums.slice());
        return { numbers: JSON.parse(JSON.stringify(numbers)) as number[], read: () => readFrom(bytes) };
      };
      const merged = (groups: readonly (readonly Contribution[])[], values: number): Float64Array => {
        const sums = groups.filter(({ length }) => length > 0).map((group) => handedOver(group, values));
        return aggregator.finish(
          sums.reduce(
            (state, { numbers, read }) => partial.merge(state, { numbers, read: read() }),
            aggregator.init(values),
          ),
        );
      };
      /** Which of three groups each of twelve is in. */
      const places = fc.array(fc.nat(2), { minLength: 12, maxLength: 12 });
      const grouped = (contributions: readonly Contribution[], at: readonly number[]) =>
        [0, 1, 2].map((group) => contributions.filter((_, index) => at[index] === group));

      test('sums of groups that are merged agree with the whole to 1e-12 of the largest value, and one group to the bit', () => {
        fc.assert(
          fc.property(round, places, (contributions, at) => {
            const values = valuesOf(contributions);
            const whole = aggregate(contributions);
            const scale = Math.max(...contributions.flatMap(({ delta }) => [...delta].map(Math.abs)), 1e-30);
            merged(grouped(contributions, at), values).forEach((number, index) => {
              expect(Math.abs(number - whole[index]!)).toBeLessThanOrEqual(1e-12 * scale);
            });
            expect(bitsOf(merged([contributions], values))).toEqual(bitsOf(whole));
          }),
        );
      });

      test('the same groups give the same bits, whether the first was handed over or is here', () => {
        fc.assert(
          fc.property(round, places, (contributions, at) => {
            const values = valuesOf(contributions);
            const groups = grouped(contributions, at).filter(({ length }) => length > 0);
            const [first = [], ...others] = groups;
            const here = others.reduce(
              (state, group) => {
                const { numbers, read } = handedOver(group, values);
                return partial.merge(state, { numbers, read: read() });
              },
              folded(first, values),
            );
            expect(bitsOf(aggregator.finish(here))).toEqual(bitsOf(merged(groups, values)));
          }),
        );
      });

      test('numbers that are none of a sum are not merged', () => {
        for (const numbers of [[], [Number.NaN], [0], [-1], [1, 2], [1, 1, 0], [1, 1, 1, 1]])
          expect(() => partial.merge(aggregator.init(1), { numbers, read: () => {} })).toThrow();
      });
    }

    test('another order agrees to 1e-6 of the largest value', () => {
      fc.assert(
        fc.property(round, (contributions) => {
          const scale = Math.max(...contributions.flatMap(({ delta }) => [...delta].map(Math.abs)), 1e-30);
          const turned = aggregate([...contributions].reverse());
          aggregate(contributions).forEach((number, at) => {
            expect(Math.abs(number - turned[at]!)).toBeLessThanOrEqual(1e-6 * scale);
          });
        }),
      );
    });

    test('an update is neither changed nor kept: its memory may be used again', () => {
      fc.assert(
        fc.property(round, (contributions) => {
          const expected = aggregate(contributions);
          const reused = new Float32Array(valuesOf(contributions));
          let state = aggregator.init(reused.length);
          for (const { delta, ...rest } of contributions) {
            reused.set(delta);
            state = aggregator.add(state, { delta: reused, ...rest });
            expect(reused).toEqual(delta);
          }
          reused.fill(Number.NaN);
          expect(aggregator.finish(state)).toEqual(expected);
        }),
      );
    });

    test('the aggregate of equal updates is that update', () => {
      fc.assert(
        fc.property(round, (contributions) => {
          const { delta } = contributions[0]!;
          const result = aggregate(contributions.map(({ weight }) => ({ delta, weight, steps: 5 })));
          result.forEach((number, at) => {
            expect(Math.abs(number - delta[at]!)).toBeLessThanOrEqual(1e-9 * Math.abs(delta[at]!));
          });
        }),
      );
    });

    test('nothing added, or an update of another size, is a bug', () => {
      expect(() => aggregator.finish(aggregator.init(3))).toThrow();
      expect(() => aggregator.add(aggregator.init(3), { delta: new Float32Array(2), weight: 1, steps: 1 })).toThrow();
    });
  });
}
