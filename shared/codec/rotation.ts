import { keyOf, wordAt } from './words.ts';

/**
 * The randomised Hadamard rotation R = H·D/√k (Suresh et al., ICML 2017, §3): D is ±1 from the seed, H the Walsh–Hadamard
 * matrix. It spreads a vector evenly over its coordinates, which then look like draws from one normal distribution.
 *
 * A whole model is rotated in blocks whose sizes are powers of two: one block for 199,210 values would cost 32 % in padding,
 * blocks cost 1 % at most.
 */

/** The largest block: 256 KiB of float32 lie in a processor's own cache. */
export const BLOCK_VALUES = 65_536;

/** Sizes of the blocks of a vector of `values` values, in order; the last may reach beyond it, by 1 % of `values` at most. */
export function blocksOf(values: number): readonly number[] {
  const blocks: number[] = [];
  let left = values;
  while (left >= BLOCK_VALUES) {
    blocks.push(BLOCK_VALUES);
    left -= BLOCK_VALUES;
  }
  while (left > 0) {
    const below = 2 ** (31 - Math.clz32(left));
    const above = below === left ? left : 2 * below;
    const size = (above - left) * 100 <= values ? above : below;
    blocks.push(size);
    left -= size;
  }
  return blocks;
}

/** Values with their padding. */
export const rotatedValues = (values: number): number => blocksOf(values).reduce((sum, size) => sum + size, 0);

/**
 * One block, its `size` values from `block[0]`, becomes √size · R(block) in place. `at` is where the block begins in the vector:
 * value i takes its sign from bit (at + i) mod 32 of word ⌊(at + i) ÷ 32⌋ of the seed.
 */
export function rotate(block: Float32Array, size: number, seed: number, at: number): void {
  flipSigns(block, size, seed, at);
  walshHadamard(block, size);
}

/** One block becomes √size · R⁻¹(block) in place: what `rotate` made comes back `size` times as large. */
export function rotateBack(block: Float32Array, size: number, seed: number, at: number): void {
  walshHadamard(block, size);
  flipSigns(block, size, seed, at);
}

/** Value i of a block becomes D_i times itself, in place. */
export function flipSigns(block: Float32Array, size: number, seed: number, at: number): void {
  const bits = new Int32Array(block.buffer, block.byteOffset, size);
  const key = keyOf(seed);
  let i = 0;
  while (i < size) {
    const word = wordAt(key, (at + i) >>> 5);
    const from = (at + i) & 31;
    const end = Math.min(size, i + 32 - from);
    for (let bit = from; i < end; i++, bit++) bits[i] = (bits[i] as number) ^ (((word >>> bit) & 1) << 31);
  }
}

/** The fast transform, in place and without a factor: x becomes H·x. Three of its stages at a time: memory is passed, and rounded to, a third as often. */
function walshHadamard(x: Float32Array, size: number): void {
  let half = 1;
  for (; half * 8 <= size; half *= 8) threeStages(x, size, half);
  for (; half < size; half *= 2) stage(x, size, half);
}

function stage(x: Float32Array, size: number, half: number): void {
  for (let start = 0; start < size; start += 2 * half) {
    for (let i = start; i < start + half; i++) {
      const a = x[i] as number;
      const b = x[i + half] as number;
      x[i] = a + b;
      x[i + half] = a - b;
    }
  }
}

/** The stages of `half`, 2 · half and 4 · half: each eight values that meet in them are read once. */
function threeStages(x: Float32Array, size: number, half: number): void {
  const h2 = 2 * half;
  const h3 = 3 * half;
  const h4 = 4 * half;
  const h5 = 5 * half;
  const h6 = 6 * half;
  const h7 = 7 * half;
  for (let start = 0; start < size; start += 8 * half) {
    for (let i = start; i < start + half; i++) {
      const a0 = x[i] as number;
      const a1 = x[i + half] as number;
      const a2 = x[i + h2] as number;
      const a3 = x[i + h3] as number;
      const a4 = x[i + h4] as number;
      const a5 = x[i + h5] as number;
      const a6 = x[i + h6] as number;
      const a7 = x[i + h7] as number;
      const b0 = a0 + a1;
      const b1 = a0 - a1;
      const b2 = a2 + a3;
      const b3 = a2 - a3;
      const b4 = a4 + a5;
      const b5 = a4 - a5;
      const b6 = a6 + a7;
      const b7 = a6 - a7;
      const c0 = b0 + b2;
      const c1 = b1 + b3;
      const c2 = b0 - b2;
      const c3 = b1 - b3;
      const c4 = b4 + b6;
      const c5 = b5 + b7;
      const c6 = b4 - b6;
      const c7 = b5 - b7;
      x[i] = c0 + c4;
      x[i + half] = c1 + c5;
      x[i + h2] = c2 + c6;
      x[i + h3] = c3 + c7;
      x[i + h4] = c0 - c4;
      x[i + h5] = c1 - c5;
      x[i + h6] = c2 - c6;
      x[i + h7] = c3 - c7;
    }
  }
}
