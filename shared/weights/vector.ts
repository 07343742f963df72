import { assert } from '../assert.ts';

/** Operations on flat vectors. Sums run in Float64 in index order, so the same input gives the same bits. */

/** What stands for infinity in a score. */
export const LARGEST_FLOAT32 = 3.4028234663852886e38;

export const isFinite32 = (vector: Float32Array): boolean => {
  // x - x is 0 for every finite x and NaN otherwise: one sum tells, without a branch for each value.
  let probe = 0;
  for (let i = 0; i < vector.length; i++) {
    const x = vector[i] as number;
    probe += x - x;
  }
  return probe === 0;
};

/** L2 norm in Float64. */
export function norm(vector: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) {
    const x = vector[i] as number;
    sum += x * x;
  }
  return Math.sqrt(sum);
}

/** into += factor · vector, in Float64. */
export function addScaled(into: Float64Array, vector: Float32Array, factor: number): void {
  assert(into.length === vector.length, 'vectors differ in length');
  for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) + factor * (vector[i] as number);
}

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** The vector's bytes, little-endian; shares its memory. Every platform that runs JavaScript today is little-endian. */
export function toBytes(vector: Float32Array): Uint8Array {
  assert(littleEndian, 'big-endian machines are not supported');
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** Float32 view of little-endian bytes; copies only when the bytes are not aligned to four. */
export function fromBytes(bytes: Uint8Array): Float32Array {
  assert(littleEndian, 'big-endian machines are not supported');
  assert(bytes.byteLength % 4 === 0, 'bytes are not whole float32 values');
  if (bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return new Float32Array(bytes.slice().buffer);
}
