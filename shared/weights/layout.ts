import { assert } from '../assert.ts';
import { sha256Hex, utf8ToBytes } from '../hash.ts';
import type { Sha256 } from '../ids.ts';

/** One tensor's place in the flat vector. `offset` and `size` count float32 values. */
export interface LayoutEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/**
 * How named tensors lie in one flat `Float32Array`, in the model's own order, without gaps.
 * `sha256` is over the canonical text `name:shape;…`: two layouts agree exactly when their hashes do.
 */
export interface WeightLayout {
  readonly entries: readonly LayoutEntry[];
  /** Number of float32 values in all. */
  readonly size: number;
  readonly sha256: Sha256;
}

export function layoutOf(
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
): WeightLayout {
  let offset = 0;
  const entries = tensors.map(({ name, shape }) => {
    const size = shape.reduce((product, side) => product * side, 1);
    assert(Number.isSafeInteger(size) && size > 0, `tensor ${name} has no size`);
    const entry = { name, shape, offset, size };
    offset += size;
    return entry;
  });
  const text = entries.map((entry) => `${entry.name}:${entry.shape.join('x')};`).join('');
  return { entries, size: offset, sha256: sha256Hex(utf8ToBytes(`fedtab/layout/v1\n${text}`)) };
}

/** View of one tensor in the flat vector; shares its memory. */
export const tensorAt = (flat: Float32Array, entry: LayoutEntry): Float32Array =>
  flat.subarray(entry.offset, entry.offset + entry.size);
