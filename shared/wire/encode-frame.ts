import { CODEC_IDS, type CodecName } from '../codec/names.ts';
import { hexToBytes } from '../hash.ts';
import type { Sha256 } from '../ids.ts';

/** Writing a frame needs no codec: a page only sends what its worker encoded. The table is in `frame.ts`. */
export const FRAME_HEADER_BYTES = 96;
export const FRAME_MAGIC = 0x31525446; // "FTR1" read as a little-endian uint32

export interface FrameHeader {
  readonly codec: CodecName;
  readonly values: number;
  readonly examples: number;
  readonly steps: number;
  readonly bodyBytes: number;
  readonly layoutSha256: Sha256;
  readonly baseSha256: Sha256;
  /** Of what the codec draws by chance; 0 for codecs that draw nothing. */
  readonly seed: number;
}

/** Header and body in one buffer. */
export function encodeFrame(
  header: Omit<FrameHeader, 'bodyBytes' | 'seed'> & { readonly seed?: number },
  body: Uint8Array,
): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + body.byteLength);
  const view = new DataView(frame.buffer);
  view.setUint32(0, FRAME_MAGIC, true);
  view.setUint8(4, CODEC_IDS[header.codec]);
  view.setUint32(8, header.values, true);
  view.setUint32(12, header.examples, true);
  view.setUint32(16, header.steps, true);
  view.setUint32(20, body.byteLength, true);
  frame.set(hexToBytes(header.layoutSha256), 24);
  frame.set(hexToBytes(header.baseSha256), 56);
  view.setUint32(88, header.seed ?? 0, true);
  frame.set(body, FRAME_HEADER_BYTES);
  return frame;
}
