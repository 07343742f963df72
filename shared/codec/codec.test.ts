import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../hash.ts';
import type { Codec } from './codec.ts';
import { CODECS, codecById, codecByName } from './index.ts';

const all: readonly Codec[] = Object.values(CODECS);

describe('the codecs', () => {
  it('are found by name and by the byte in the frame', () => {
    for (const codec of all) expect(codecById(codec.id)).toBe(codec);
    expect(codecByName('float32')).toBe(CODECS.float32);
    expect([255, -1, 0.5, Number.NaN].map((id) => codecById(id))).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('have ids of their own that fit into a byte', () => {
    const ids = all.map((codec) => codec.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(Number.isInteger(id) && id >= 0 && id <= 255).toBe(true);
  });

  it('are known by the name they have in the table', () => {
    for (const [name, codec] of Object.entries(CODECS)) expect(codec.name).toBe(name);
  });
});

describe.each(all.map((codec) => [codec.name, codec] as const))('%s', (_, codec) => {
  it('writes a body of the announced length, and reads it again', () => {
    fc.assert(
      fc.property(fc.float32Array({ maxLength: 300 }), (vector) => {
        const body = codec.encode(vector);
        const { minimum, maximum } = codec.bodyBytes(vector.length);
        expect(body.byteLength).toBeGreaterThanOrEqual(minimum);
        expect(body.byteLength).toBeLessThanOrEqual(maximum);
        expect(codec.decode(body, vector.length)?.length).toBe(vector.length);
      }),
    );
  });

  it('never throws and never makes another number of values', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 100 }), (body, values) => {
        const vector = codec.decode(body, values);
        expect(vector === undefined || vector.length === values).toBe(true);
      }),
    );
  });
});

describe('float32', () => {
  it('is the values as they are, little-endian', () => {
    expect(bytesToHex(CODECS.float32.encode(Float32Array.of(1, -2, 0.5)))).toBe('0000803f000000c00000003f');
  });

  it('keeps every bit, of NaN and of negative zero too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), (body) => {
        const vector = CODECS.float32.decode(body, 3);
        expect(vector && bytesToHex(CODECS.float32.encode(vector))).toBe(bytesToHex(body));
      }),
    );
  });

  it('reads a body that does not begin at a multiple of four', () => {
    const body = new Uint8Array(9);
    body.set(CODECS.float32.encode(Float32Array.of(7, 8)), 1);
    expect(CODECS.float32.decode(body.subarray(1), 2)).toEqual(Float32Array.of(7, 8));
  });

  it('refuses every other length', () => {
    for (const bytes of [0, 1, 11, 13, 16]) expect(CODECS.float32.decode(new Uint8Array(bytes), 3)).toBe(undefined);
  });
});
