/**
 * The arithmetic on whole updates. A kernel takes them as bytes that are read straight into its own window, piece by piece,
 * so that an update is never held whole. The two there are give the same bits: cells are added to in the order of the
 * calls, and a norm is a sum of `LANES` sums, of which value i belongs to number i mod `LANES`, added up in their order.
 */
export interface Kernel {
  readonly name: 'simd' | 'plain';
  /** L2 norm of `values` float32 values, in Float64; NaN or infinite exactly where one of the values is. */
  norm(values: number, read: Read): number;
  /**
   * Scales `vector` to an L2 norm of `limit` (to the rounding of float32) if its norm is larger. Returns the norm that it
   * had; a vector whose norm is not finite stays as it is.
   */
  clip(vector: Float32Array, limit: number): number;
  /** So many sums of nothing; 8 bytes each. */
  sums(values: number): Sums;
  /** So many sums modulo 2³² of nothing; 4 bytes each. */
  modularSums(values: number): ModularSums;
}

/** Fills all of `into` with the next bytes of a vector, little-endian. What it throws ends the call that asked. */
export type Read = (into: Uint8Array) => void;

/** Float64 sums. When `read` throws within an addition, a part of it has been added: they are then of no use. */
export interface Sums {
  /** The sums themselves, not a copy. */
  readonly values: Float64Array;
  /** += weight · x for as many float32 values as there are sums. Returns the norm of x as `Kernel.norm` does, from the same pass. */
  add(read: Read, weight: number): number;
  /**
   * += weight · levels[code] for as many codes of `bits` bits as there are sums, the first in the lowest bits of the first
   * byte: ⌈values · bits / 8⌉ bytes. `levels` has a value for each of the 2^bits codes.
   */
  addCodes(read: Read, bits: CodeBits, levels: Float32Array, weight: number): void;
  /** Each sum ÷ `by`. */
  divide(by: number): void;
}

/** Sums of uint32 values that wrap around, as masks of secure aggregation cancel out. */
export interface ModularSums {
  /** The sums themselves, not a copy. */
  readonly values: Uint32Array;
  add(read: Read): void;
}

export const CODE_BITS = [1, 2, 4, 8] as const;
export type CodeBits = (typeof CODE_BITS)[number];

/** The sums of squares that run side by side. */
export const LANES = 8;

/** What is read at once: it stays in the second-level cache together with the sums that it is added to. A multiple of 8 values of any size. */
export const WINDOW_BYTES = 256 * 1024;

/** Bytes that are in memory. */
export function readFrom(bytes: Uint8Array): Read {
  let at = 0;
  return (into) => {
    into.set(bytes.subarray(at, at + into.length));
    at += into.length;
  };
}

/** Has `bytes` bytes read through `window`; `work` is told where each piece begins and how long it is. */
export function eachPiece(
  bytes: number,
  window: Uint8Array,
  read: Read,
  work: (at: number, length: number) => void,
): void {
  for (let at = 0; at < bytes; at += window.length) {
    const length = Math.min(window.length, bytes - at);
    read(window.subarray(0, length));
    work(at, length);
  }
}

export const normOf = (lanes: Float64Array): number => Math.sqrt(lanes.reduce((sum, lane) => sum + lane, 0));
