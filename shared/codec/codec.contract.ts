import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Codec, DECODED_BYTES_A_VALUE } from './codec.ts';
import { optionsOf } from './fixtures/options.ts';
import { CODECS, codecById } from './index.ts';
import { CODEC_IDS } from './names.ts';

/** What every codec must do; also that it is in the registry, under its name and by an id that fits into a byte. */
export function codecContract(codec: Codec): void {
  describe(`${codec.name} as a codec`, () => {
    it('is found by its name, and by its byte in the frame', () => {
      expect(Object.entries(CODECS)).toContainEqual([codec.name, codec]);
      expect(Object.entries(CODEC_IDS)).toContainEqual([codec.name, codec.id]);
      expect(codecById(codec.id)).toBe(codec);
      expect(codec.id).toBe(codec.id & 0xff);
    });

    const finite = fc.float32Array({ maxLength: 300, noNaN: true, min: -(2 ** 99), max: 2 ** 99 });
    const seeds = fc.nat({ max: 0xffffffff });

    it('writes a body of the announced length, and reads finite values from it again', () => {
      fc.assert(
        fc.property(finite, seeds, (vector, seed) => {
          const before = vector.slice();
          const body = codec.encode(vector, optionsOf(seed));
          const { minimum, maximum } = codec.bodyBytes(vector.length, optionsOf(seed));
          expect(body.byteLength).toBeGreaterThanOrEqual(minimum);
          expect(body.byteLength).toBeLessThanOrEqual(maximum);
          const decoded = codec.decode(body, vector.length, optionsOf(seed));
          expect(decoded?.length).toBe(vector.length);
          expect(decoded?.every(Number.isFinite)).toBe(true);
          expect(vector).toEqual(before);
        }),
      );
    });

    it('writes the same for the same seeds, and reads it wherever it begins', () => {
      fc.assert(
        fc.property(finite, seeds, fc.nat({ max: 7 }), (vector, seed, shift) => {
          const body = codec.encode(vector, optionsOf(seed));
          expect(codec.encode(vector, optionsOf(seed))).toEqual(body);
          const shifted = new Uint8Array(body.byteLength + shift);
          shifted.set(body, shift);
          expect(codec.decode(shifted.subarray(shift), vector.length, optionsOf(seed))).toEqual(
            codec.decode(body, vector.length, optionsOf(seed)),
          );
        }),
      );
    });

    it('refuses every other length', () => {
      const { minimum, maximum } = codec.bodyBytes(1_000, optionsOf(1));
      for (const bytes of [0, 1, minimum - 1, maximum + 1, 2 * maximum])
        expect(codec.decode(new Uint8Array(bytes), 1_000, optionsOf(1))).toBe(undefined);
    });

    it('allocates nothing for a body that it refuses, and for one of the right length no more than the model has', () => {
      const values = 2 ** 20 + 1;
      const { minimum, maximum } = codec.bodyBytes(values, optionsOf(1));
      const allocatedBy = (body: Uint8Array): { readonly bytes: number; readonly isRead: boolean } => {
        const before = process.memoryUsage().arrayBuffers;
        const isRead = codec.decode(body, values, optionsOf(1)) !== undefined;
        return { bytes: process.memoryUsage().arrayBuffers - before, isRead };
      };
      const bodies = [0, 1, 96, minimum - 1, maximum, maximum + 1, 2 * maximum].flatMap((length) =>
        [0, 0xff].map((byte) => new Uint8Array(length).fill(byte)),
      );
      for (const body of bodies) {
        const { bytes, isRead } = allocatedBy(body);
        expect(bytes, `${body.byteLength} bytes of ${body[0]}`).toBeLessThanOrEqual(
          isRead ? DECODED_BYTES_A_VALUE * values : 10_000,
        );
      }
    });

    it('never throws and never makes another number of values', () => {
      const bodies = fc.nat({ max: 100 }).chain((values) => {
        const { minimum, maximum } = codec.bodyBytes(values, optionsOf(1));
        const right = fc.uint8Array({ minLength: minimum, maxLength: maximum });
        return fc.tuple(fc.oneof(right, fc.uint8Array({ maxLength: 300 })), fc.constant(values));
      });
      fc.assert(
        fc.property(bodies, ([body, values]) => {
          const vector = codec.decode(body, values, optionsOf(1));
          expect(vector === undefined || vector.length === values).toBe(true);
        }),
      );
    });
  });
}
