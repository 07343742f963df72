import { describe, expect, it } from 'vitest';
import { imageSizeOf } from './image-size.ts';

const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? Array.from(part, (c) => c.charCodeAt(0)) : [...part])),
  );
const zeros = (count: number): readonly number[] => new Array<number>(count).fill(0);

const png = bytes([0x89], 'PNG', [13, 10, 26, 10, 0, 0, 0, 13], 'IHDR', [0, 0, 0x2e, 0xe0, 0, 0, 0x03, 0x20]);
const gif = bytes('GIF89a', [0x20, 0x03, 0x58, 0x02]);
const bmp = bytes('BM', zeros(16), [0x20, 0x03, 0, 0], [0xa8, 0xfd, 0xff, 0xff]);
const exif = [0xff, 0xe1, 0x00, 0x08, 0xff, 0xc0, 1, 2, 3, 4];
const frame = [0xff, 0xc2, 0x00, 0x11, 8, 0x02, 0x58, 0x03, 0x20];
const jpeg = bytes([0xff, 0xd8], exif, [0xff, 0xff, 0xc4, 0, 4, 0, 0], frame);
const webp = (kind: string, rest: readonly number[]) => bytes('RIFF', zeros(4), 'WEBP', kind, zeros(4), rest);

describe('the size in the head of a picture', () => {
  it.each([
    ['PNG', png, { width: 12_000, height: 800 }],
    ['GIF', gif, { width: 800, height: 600 }],
    ['BMP with rows from the top', bmp, { width: 800, height: 600 }],
    ['JPEG after notes that hold what looks like a frame', jpeg, { width: 800, height: 600 }],
    ['WebP, extended', webp('VP8X', [0, 0, 0, 0, 0xdf, 0x2e, 0, 0x1f, 0x03, 0]), { width: 12_000, height: 800 }],
    ['WebP, lossless', webp('VP8L', [0x2f, 0x1f, 0xc3, 0x95, 0]), { width: 800, height: 600 }],
    ['WebP, lossy', webp('VP8 ', [0, 0, 0, 0x9d, 1, 0x2a, 0x20, 0x03, 0x58, 0x02]), { width: 800, height: 600 }],
  ])('of %s', (_, head, size) => expect(imageSizeOf(head)).toEqual(size));

  it('is not known of anything else, nor of a head that ends too early', () => {
    expect(imageSizeOf(bytes('<svg width="9" height="9"/>'))).toBeNull();
    expect(imageSizeOf(new Uint8Array())).toBeNull();
    for (const whole of [png, gif, bmp, jpeg]) expect(imageSizeOf(whole.subarray(0, -1))).toBeNull();
    expect(imageSizeOf(bytes([0xff, 0xd8, 0xff, 0xe1, 0, 2, 7, 7]))).toBeNull();
  });

  it('is found in a view into a larger buffer', () => {
    const larger = new Uint8Array(png.length + 5);
    larger.set(png, 5);
    expect(imageSizeOf(larger.subarray(5))).toEqual({ width: 12_000, height: 800 });
  });
});
