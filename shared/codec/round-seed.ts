import { hexToBytes } from '../hash.ts';
import type { Sha256 } from '../ids.ts';

/**
 * The public seed of everybody who starts from one checkpoint: the first four bytes of its hash, little-endian. Both sides
 * know it, it is another for every version, and a restart of either forgets nothing.
 */
export function roundSeedOf(baseSha256: Sha256): number {
  return new DataView(hexToBytes(baseSha256).buffer).getUint32(0, true);
}
