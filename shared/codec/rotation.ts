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

/** The fast transform, in place and without a factor: x becomes H·x. Two of its stages at a time, so that memory is passed half as often. */
function walshHadamard(x: Float32Array, size: number): void {
  let half = 1;
  if (size >= 4) {
    for (let i = 0; i < size; i += 4) {
      const a = x[i] as number;
      const b = x[i + 1] as number;
      const c = x[i + 2] as number;
      const d = x[i + 3] as number;
      x[i] = a + b + (c + d);
      x[i + 1] = a - b + (c - d);
      x[i + 2] = a + b - (c + d);
      x[i + 3] = a - b - (c - d);
    }
    half = 4;
  }
  for (; half * 4 <= size; half *= 4) {
    for (let start = 0; start < size; start += 4 * half) {
      for (let i = start; i < start + half; i++) {
        const a = x[i] as number;
        const b = x[i + half] as number;
        const c = x[i + 2 * half] as number;
        const d = x[i + 3 * half] as number;
        const sum = a + b;
        const difference = a - b;
        const sum2 = c + d;
        const difference2 = c - d;
        x[i] = sum + sum2;
        x[i + half] = difference + difference2;
        x[i + 2 * half] = sum - sum2;
        x[i + 3 * half] = difference - difference2;
      }
    }
  }
  if (half < size) {
    for (let i = 0; i < half; i++) {
      const a = x[i] as number;
      const b = x[i + half] as number;
      x[i] = a + b;
      x[i + half] = a - b;
    }
  }
}
