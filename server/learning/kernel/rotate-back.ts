import { flipSigns } from '../../../shared/codec/rotation.ts';

/** R⁻¹ = D · H ÷ √size of `shared/codec/rotation.ts`, of one block in place; `at` is where it begins in the vector. In Float64. */
export function rotateBack(block: Float64Array, seed: number, at: number): void {
  const size = block.length;
  for (let half = 1; half < size; half *= 2)
    for (let start = 0; start < size; start += 2 * half)
      for (let i = start; i < start + half; i++) {
        const a = block[i] as number;
        const b = block[i + half] as number;
        block[i] = a + b;
        block[i + half] = a - b;
      }
  const factors = new Float32Array(size).fill(1);
  flipSigns(factors, size, seed, at);
  const root = Math.sqrt(size);
  for (let i = 0; i < size; i++) block[i] = ((factors[i] as number) * (block[i] as number)) / root;
}
