import { bytesToHex, startSha256 } from '../../shared/hash.ts';
import type { Sha256 } from '../../shared/ids.ts';

/** Hashed without a rest: some milliseconds. */
const PIECE_BYTES = 2 ** 20;

/**
 * SHA-256 as 64 hex digits, off this thread where WebCrypto is there; on plain http it is not, and noble computes it
 * here, piece by piece, so that the page has its turns. The bytes must stay as they are until it is done.
 */
export async function digest(bytes: Uint8Array): Promise<Sha256> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle !== undefined)
    return bytesToHex(new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))) as Sha256;
  const hash = startSha256();
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
    if (at > 0) await new Promise((resolve) => setTimeout(resolve));
    hash.update(bytes.subarray(at, at + PIECE_BYTES));
  }
  return bytesToHex(hash.digest()) as Sha256;
}
