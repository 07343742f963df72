import { bytesToHex, startSha256 } from '../../shared/hash.ts';
import type { Sha256 } from '../../shared/ids.ts';
import { inTurns } from './in-turns.ts';
import type { Hashed } from './ports.ts';

/**
 * SHA-256 as 64 hex digits, off this thread where WebCrypto is there, but for the copy that it takes; on plain http it is not,
 * and noble computes it here, piece by piece, so that a page has its turns. The bytes must stay as they are until it is done.
 */
export async function digest(bytes: Uint8Array): Promise<Sha256> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle !== undefined)
    return bytesToHex(new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))) as Sha256;
  return digestInTurns(bytes);
}

/** The same on this thread: slower, but without a copy of the whole. */
export async function digestInTurns(bytes: Uint8Array): Promise<Sha256> {
  const hash = startSha256();
  await inTurns(bytes, (piece) => void hash.update(piece));
  return bytesToHex(hash.digest()) as Sha256;
}

export const hashed = async (bytes: Uint8Array): Promise<Hashed> => ({ bytes, sha256: await digest(bytes) });
