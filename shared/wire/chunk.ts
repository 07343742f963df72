import { LIMITS } from '../limits.ts';

/** A frame in chunks of `LIMITS.chunkBytes`: all full but the last. */

export const chunkCountOf = (totalBytes: number): number => Math.ceil(totalBytes / LIMITS.chunkBytes);

/** Length of chunk `index` in a frame of `totalBytes`, or 0 where there is no such chunk. */
export const chunkBytesAt = (totalBytes: number, index: number): number =>
  Math.max(0, Math.min(LIMITS.chunkBytes, totalBytes - index * LIMITS.chunkBytes));

/** Chunk `index` as a view of the frame. */
export const chunkAt = (frame: Uint8Array, index: number): Uint8Array =>
  frame.subarray(index * LIMITS.chunkBytes, Math.min(frame.byteLength, (index + 1) * LIMITS.chunkBytes));

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 (ISO-HDLC, the polynomial of zip and PNG): `123456789` gives 0xcbf43926. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (CRC_TABLE[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
