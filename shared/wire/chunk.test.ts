import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../limits.ts';
import { chunkAt, chunkBytesAt, chunkCountOf, crc32 } from './chunk.ts';

const full = LIMITS.chunkBytes;

describe('chunks (P23)', () => {
  it('are 262,144 bytes long, all but the last', () => {
    expect(full).toBe(262_144);
    expect([1, full - 1, full, full + 1, 2 * full].map(chunkCountOf)).toEqual([1, 1, 1, 2, 2]);
    expect([0, 1, 2].map((index) => chunkBytesAt(full + 7, index))).toEqual([full, 7, 0]);
    expect(chunkBytesAt(0, 0)).toBe(0);
    expect(chunkBytesAt(full, 65_535)).toBe(0);
  });

  it('put together in any order give the frame again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 * full }), fc.integer(), (totalBytes, seed) => {
        const frame = Uint8Array.from({ length: totalBytes }, (_, at) => Math.imul(at + seed, 2654435761) >>> 24);
        const indices = Array.from({ length: chunkCountOf(totalBytes) }, (_, index) => index);
        const again = new Uint8Array(totalBytes);
        for (const index of indices.reverse()) {
          const chunk = chunkAt(frame, index);
          expect(chunk.byteLength).toBe(chunkBytesAt(totalBytes, index));
          again.set(chunk, index * full);
        }
        expect(Buffer.compare(again, frame)).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it('share the memory of the frame', () => {
    const frame = new Uint8Array(full + 1);
    expect(chunkAt(frame, 1).buffer).toBe(frame.buffer);
  });
});

describe('crc32 (P23)', () => {
  it.each([
    ['', 0],
    ['123456789', 0xcbf43926],
    ['The quick brown fox jumps over the lazy dog', 0x414fa339],
  ])('of %j', (text, expected) => {
    expect(crc32(new TextEncoder().encode(text))).toBe(expected);
  });

  it('is that of zlib', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(crc32(bytes)).toBe(zlibCrc32(bytes));
      }),
    );
  });

  it('finds every single flipped bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (bytes, place) => {
        const damaged = bytes.slice();
        const bit = place % (bytes.length * 8);
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(crc32(damaged)).not.toBe(crc32(bytes));
      }),
    );
  });
});
