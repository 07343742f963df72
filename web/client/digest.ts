import { bytesToHex, sha256Hex } from '../../shared/hash.ts';
import type { Sha256 } from '../../shared/ids.ts';

/**
 * SHA-256 as 64 hex digits, off this thread where WebCrypto is there; on plain http it is not, and noble computes it
 * here.
 */
export async function digest(bytes: Uint8Array): Promise<Sha256> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) return sha256Hex(bytes);
  return bytesToHex(new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))) as Sha256;
}
