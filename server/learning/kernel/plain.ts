import { assert } from '../../../shared/assert.ts';
import {
  eachPiece,
  type Kernel,
  LANES,
  type ModularSums,
  normOf,
  type Read,
  type Sums,
  WINDOW_BYTES,
} from './kernel.ts';

// The kernel in TypeScript, for where there is no WebAssembly with SIMD; what it gives is what that has to give.

const window = new Uint8Array(WINDOW_BYTES);
const floats = new Float32Array(window.buffer);
const integers = new Uint32Array(window.buffer);

function norm(values: number, read: Read): number {
  const lanes = new Float64Array(LANES);
  eachPiece(values * 4, window, read, (_, length) => addSquares(lanes, floats, length / 4));
  return normOf(lanes);
}

/** `from` begins with a value of the first lane. */
function addSquares(lanes: Float64Array, from: Float32Array, count: number): void {
  for (let lane = 0; lane < LANES; lane++) {
    let sum = lanes[lane] as number;
    for (let i = lane; i < count; i += LANES) sum += (from[i] as number) * (from[i] as number);
    lanes[lane] = sum;
  }
}

function sums(count: number): Sums {
  const values = new Float64Array(count);
  return {
    values,
    add(read, weight) {
      const lanes = new Float64Array(LANES);
      eachPiece(count * 4, window, read, (at, length) => {
        addSquares(lanes, floats, length / 4);
        const some = values.subarray(at / 4, (at + length) / 4);
        for (let i = 0; i < some.length; i++) some[i] = (some[i] as number) + weight * (floats[i] as number);
      });
      return normOf(lanes);
    },
    addCodes(read, bits, levels, weight) {
      assert(levels.length === 2 ** bits, 'a level for each code');
      const added = Float64Array.from(levels, (level) => weight * level);
      const mask = levels.length - 1;
      eachPiece(Math.ceil((count * bits) / 8), window, read, (at, length) => {
        const some = values.subarray((at * 8) / bits, ((at + length) * 8) / bits);
        for (let i = 0; i < some.length; i++) {
          const bit = i * bits;
          const code = ((window[bit >>> 3] as number) >>> (bit & 7)) & mask;
          some[i] = (some[i] as number) + (added[code] as number);
        }
      });
    },
    divide(by) {
      for (let i = 0; i < count; i++) values[i] = (values[i] as number) / by;
    },
  };
}

function modularSums(count: number): ModularSums {
  const values = new Uint32Array(count);
  return {
    values,
    add: (read) =>
      eachPiece(count * 4, window, read, (at, length) => {
        const some = values.subarray(at / 4, (at + length) / 4);
        for (let i = 0; i < some.length; i++) some[i] = (some[i] as number) + (integers[i] as number);
      }),
  };
}

function clip(vector: Float32Array, limit: number): number {
  assert(limit > 0, 'a norm is limited to a number above 0');
  const lanes = new Float64Array(LANES);
  addSquares(lanes, vector, vector.length);
  const norm = normOf(lanes);
  if (Number.isFinite(norm) && norm > limit)
    for (let i = 0; i < vector.length; i++) vector[i] = (limit / norm) * (vector[i] as number);
  return norm;
}

export const plain: Kernel = { name: 'plain', norm, clip, sums, modularSums };
