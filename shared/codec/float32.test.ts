import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../hash.ts';
import { codecContract } from './codec.contract.ts';
import { float32 } from './float32.ts';

codecContract(float32);

describe('float32', () => {
  it('is the values as they are, little-endian', () => {
    expect(bytesToHex(float32.encode(Float32Array.of(1, -2, 0.5)))).toBe('0000803f000000c00000003f');
  });

  it('keeps every bit, of NaN and of negative zero too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), (body) => {
        const vector = float32.decode(body, 3);
        expect(vector && bytesToHex(float32.encode(vector))).toBe(bytesToHex(body));
      }),
    );
  });

  it('reads a body that does not begin at a multiple of four', () => {
    const body = new Uint8Array(9);
    body.set(float32.encode(Float32Array.of(7, 8)), 1);
    expect(float32.decode(body.subarray(1), 2)).toEqual(Float32Array.of(7, 8));
  });

  it('refuses every other length', () => {
    for (const bytes of [0, 1, 11, 13, 16]) expect(float32.decode(new Uint8Array(bytes), 3)).toBe(undefined);
  });
});
