import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toBytes } from '../../../shared/weights/vector.ts';
import { CODE_BITS, type Kernel, type Read, readFrom } from './kernel.ts';

const floats = (...values: readonly number[]): Read => readFrom(toBytes(Float32Array.from(values)));

/** What every kernel promises. */
export function describeKernel(kernel: Kernel): void {
  describe(`kernel ${kernel.name}`, () => {
    test('adds weighted float32 to Float64 sums and tells the norm: 2 · [1, −2, 2] + 0.5 · [4, 0, 3]', () => {
      const sums = kernel.sums(3);
      expect(sums.add(floats(1, -2, 2), 2)).toBe(3);
      expect(sums.add(floats(4, 0, 3), 0.5)).toBe(5);
      expect([...sums.values]).toEqual([4, -4, 5.5]);
      sums.divide(4);
      expect([...sums.values]).toEqual([1, -1, 1.375]);
    });

    test('sums in Float64: a thousand halves beside 2^24 are not lost, nor is 1 beside 2^40', () => {
      const sums = kernel.sums(1);
      sums.add(floats(2 ** 24), 2 ** 16);
      for (let i = 0; i < 1_000; i++) sums.add(floats(0.5), 1);
      expect(sums.values[0]).toBe(2 ** 40 + 500);
    });

    test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
      '%s makes the norm not finite',
      (bad) => {
        for (let at = 0; at < 11; at++) {
          const values = Array.from({ length: 11 }, (_, index) => (index === at ? bad : 1));
          expect(Number.isFinite(kernel.norm(11, floats(...values)))).toBe(false);
          expect(Number.isFinite(kernel.sums(11).add(floats(...values), 1))).toBe(false);
        }
      },
    );

    test('the largest and the smallest float32 have a norm', () => {
      expect(kernel.norm(4, floats(...Array(4).fill(3e38)))).toBeCloseTo(2 * Math.fround(3e38), -25);
      expect(kernel.norm(4, floats(...Array(4).fill(2 ** -149)))).toBe(2 ** -148);
      expect(kernel.norm(0, floats())).toBe(0);
    });

    test('clips [3, 4] to norm 1 and leaves what is short enough', () => {
      const long = Float32Array.of(3, 4);
      expect(kernel.clip(long, 1)).toBe(5);
      expect(long).toEqual(Float32Array.of(0.6, 0.8));
      const short = Float32Array.of(3, 4);
      expect(kernel.clip(short, 5)).toBe(5);
      expect(short).toEqual(Float32Array.of(3, 4));
      const bad = Float32Array.of(3, Number.POSITIVE_INFINITY);
      expect(kernel.clip(bad, 5)).toBe(Number.POSITIVE_INFINITY);
      expect(bad).toEqual(Float32Array.of(3, Number.POSITIVE_INFINITY));
    });

    test('a clipped vector has the norm that was asked for', () => {
      const vectors = fc.float32Array({ min: -1e6, max: 1e6, noNaN: true, noDefaultInfinity: true, maxLength: 40 });
      fc.assert(
        fc.property(vectors, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (vector, limit) => {
          const before = Math.hypot(...vector);
          kernel.clip(vector, limit);
          expect(Math.hypot(...vector)).toBeLessThanOrEqual(limit * (1 + 1e-6));
          if (before > limit) expect(Math.hypot(...vector)).toBeGreaterThanOrEqual(limit * (1 - 1e-6));
        }),
      );
    });

    test('8-bit codes: 10 · levels[0, 255, 1]', () => {
      const sums = kernel.sums(3);
      sums.addCodes(
        readFrom(Uint8Array.of(0, 255, 1)),
        8,
        Float32Array.from({ length: 256 }, (_, code) => code / 4),
        10,
      );
      expect([...sums.values]).toEqual([0, 637.5, 2.5]);
    });

    test.each<[1 | 2 | 4, readonly number[], readonly number[], readonly number[]]>([
      [1, [0b0000_0101, 0b1], [-1, 1], [1, -1, 1, -1, -1, -1, -1, -1, 1]],
      [2, [0b11_10_01_00, 0b10], [-3, -1, 1, 3], [-3, -1, 1, 3, 1]],
      [4, [0x21, 0x0f], Array.from({ length: 16 }, (_, code) => code), [1, 2, 15]],
    ])('%i-bit codes, the first in the lowest bits', (bits, bytes, levels, expected) => {
      const sums = kernel.sums(expected.length);
      sums.addCodes(readFrom(Uint8Array.from(bytes)), bits, Float32Array.from(levels), 1);
      expect([...sums.values]).toEqual(expected);
    });

    test('takes a level for each code, no more and no fewer', () => {
      for (const bits of CODE_BITS)
        expect(() => kernel.sums(1).addCodes(() => {}, bits, new Float32Array(2 ** bits - 1), 1)).toThrow('level');
    });

    test('uint32 wraps around: a mask and its negative leave the value', () => {
      const sums = kernel.modularSums(3);
      for (const values of [
        [1, 2, 3],
        [0xffff_ffff, 0x8000_0000, 7],
        [1, 0x8000_0000, 0xffff_fff9],
      ])
        sums.add(readFrom(new Uint8Array(Uint32Array.from(values).buffer)));
      expect([...sums.values]).toEqual([1, 2, 3]);
    });

    test('an addition that cannot be read to its end throws what reading threw', () => {
      const gone: Read = () => {
        throw new Error('the file ended early');
      };
      expect(() => kernel.norm(1, gone)).toThrow('ended early');
      expect(() => kernel.sums(1).add(gone, 1)).toThrow('ended early');
    });

    test('accumulators are apart, also while one of them is read', () => {
      const [a, b] = [kernel.sums(2), kernel.sums(2)];
      a.add(floats(1, 1), 1);
      b.add(floats(2, 2), 1);
      a.add(floats(1, 1), 1);
      expect([...a.values, ...b.values]).toEqual([2, 2, 2, 2]);
    });
  });
}
