import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Codec } from './codec.ts';
import { CODECS, codecById } from './index.ts';

/** What every codec must do; also that it is in the registry, under its name and by an id that fits into a byte. */
export function codecContract(codec: Codec): void {
  describe(`${codec.name} as a codec`, () => {
    it('is found by its name, and by its byte in the frame', () => {
      expect(Object.entries(CODECS)).toContainEqual([codec.name, codec]);
      expect(codecById(codec.id)).toBe(codec);
      expect(codec.id).toBe(codec.id & 0xff);
    });

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
}
