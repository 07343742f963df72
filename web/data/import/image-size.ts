/** Pixels a side, as the head of a picture file says, before anything of it is decoded. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** The part of a file in which the size stands: of JPEG after the camera's notes and profiles, of all others at once. */
export const IMAGE_HEAD_BYTES = 512 * 1024;

/** The size of a PNG, JPEG, GIF, WebP or BMP; null of anything else, and where the head does not say. */
export function imageSizeOf(head: Uint8Array): ImageSize | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const format = FORMATS.find(({ magic, at = 0 }) => magic.every((byte, index) => head[at + index] === byte));
  try {
    return format?.sizeOf(view) ?? null;
  } catch (error) {
    // The file ends before its size.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

interface Format {
  readonly magic: readonly number[];
  readonly at?: number;
  /** Throws a RangeError where the head is too short. */
  sizeOf(view: DataView): ImageSize | null;
}

const ascii = (text: string): readonly number[] => Array.from(text, (character) => character.charCodeAt(0));

const FORMATS: readonly Format[] = [
  {
    magic: [0x89, ...ascii('PNG')],
    sizeOf: (view) => ({ width: view.getUint32(16), height: view.getUint32(20) }),
  },
  {
    magic: ascii('GIF8'),
    sizeOf: (view) => ({ width: view.getUint16(6, true), height: view.getUint16(8, true) }),
  },
  {
    magic: ascii('BM'),
    // Rows from the top have a negative height.
    sizeOf: (view) => ({ width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) }),
  },
  { magic: [0xff, 0xd8, 0xff], sizeOf: jpegSize },
  {
    magic: ascii('WEBPVP8X'),
    at: 8,
    sizeOf: (view) => ({ width: 1 + uint24(view, 24), height: 1 + uint24(view, 27) }),
  },
  {
    magic: ascii('WEBPVP8L'),
    at: 8,
    sizeOf(view) {
      const bits = view.getUint32(21, true);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    },
  },
  {
    magic: ascii('WEBPVP8 '),
    at: 8,
    sizeOf: (view) => ({ width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff }),
  },
];

const uint24 = (view: DataView, at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);

/** Segment after segment, until the one of the frame (ITU-T T.81, B.2.2). */
function jpegSize(view: DataView): ImageSize | null {
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    // A fill byte.
    if (marker === 0xff) {
      at++;
      continue;
    }
    // Of 0xc0 to 0xcf three are no frames: tables of codes, and two that no browser reads.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += 2 + view.getUint16(at + 2);
  }
}
