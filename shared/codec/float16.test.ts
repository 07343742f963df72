import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../hash.ts';
import { codecContract } from './codec.contract.ts';
import { normalVector, passed, vnmseOf } from './fixtures/quality.ts';
import { float16 } from './float16.ts';

codecContract(float16);

describe('float16', () => {
  it('is a scale and a half for each value: [1, −2, 0.5] with the scale 2^-13', () => {
    expect(bytesToHex(float16.encode(Float32Array.of(1, -2, 0.5)))).toBe('00000039' + '0070' + '00f4' + '006c');
    expect([...passed(float16, Float32Array.of(1, -2, 0.5), 1)]).toEqual([1, -2, 0.5]);
  });

  it('rounds to nearest, ties to even', () => {
    const values = Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20, -1 - 2 ** -12);
    expect([...passed(float16, values, 1)]).toEqual([1, 1 + 2 ** -9, 1 + 2 ** -10, -1]);
  });

  it('keeps 11 bits of all that is above 2^-29 of the largest, however small they are', () => {
    const sizes = fc.float32Array({ minLength: 1, maxLength: 50, noNaN: true, min: -1, max: 1 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: -80, max: 80 }), (vector, exponent) => {
        const scaled = vector.map((value) => value * 2 ** exponent);
        const largest = Math.max(...scaled.map(Math.abs));
        const decoded = passed(float16, scaled, 1);
        for (let i = 0; i < scaled.length; i++) {
          const value = scaled[i] as number;
          const allowed = Math.max(Math.abs(value) * 2 ** -11, largest * 2 ** -39);
          expect(Math.abs((decoded[i] as number) - value)).toBeLessThanOrEqual(allowed);
        }
      }),
    );
  });

  it('has a vNMSE of 1e-7 at most, also of deltas around 1e-6, which bare halves lose', () => {
    expect(vnmseOf(float16, 2 ** 14, 2)).toBeLessThan(1e-7);
    const vector = normalVector(1_000, 1, 1e-6);
    const decoded = passed(float16, vector, 1);
    for (let i = 0; i < 1_000; i++)
      expect(Math.abs((decoded[i] as number) - (vector[i] as number))).toBeLessThanOrEqual(
        Math.abs(vector[i] as number) * 2 ** -11,
      );
  });

  it.each([
    ['a scale that is not finite', [0, 0, 0x80, 0x7f, 0, 0]],
    ['an infinite half', [0, 0, 0x80, 0x3f, 0, 0x7c]],
    ['a half that is not a number', [0, 0, 0x80, 0x3f, 1, 0xfc]],
  ])('refuses %s', (_, body) => {
    expect(float16.decode(Uint8Array.from(body), 1)).toBe(undefined);
  });
});
