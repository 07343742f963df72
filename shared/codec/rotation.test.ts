import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRng } from '../rng.ts';
import { norm } from '../weights/vector.ts';
import { BLOCK_VALUES, blocksOf, rotate, rotateBack, rotatedValues } from './rotation.ts';

describe('the blocks (P42)', () => {
  it('are powers of two that cost 1 % at most in padding, whatever the number of values', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000_000 }), (values) => {
        const blocks = blocksOf(values);
        expect(blocks.filter((size) => !Number.isInteger(Math.log2(size)) || size > BLOCK_VALUES)).toEqual([]);
        expect(rotatedValues(values)).toBeGreaterThanOrEqual(values);
        expect(rotatedValues(values) - values).toBeLessThanOrEqual(values / 100);
      }),
    );
  });

  it('are those of the models that there are', () => {
    expect(blocksOf(0)).toEqual([]);
    expect(blocksOf(3)).toEqual([2, 1]);
    expect(blocksOf(65_536)).toEqual([65_536]);
    expect(blocksOf(199_210)).toEqual([65_536, 65_536, 65_536, 4_096]);
    expect(rotatedValues(1_000_500)).toBe(1_001_472);
  });
});

describe('the rotation (P42)', () => {
  it('of four values with the signs of a seed is the Walsh–Hadamard matrix of order 4', () => {
    const columns = [0, 1, 2, 3].map((place) => {
      const block = new Float32Array(4);
      block[place] = 1;
      rotate(block, 4, 7, 0);
      return [...block].map((value) => value * Math.sign(block[0] as number));
    });
    expect(columns).toEqual([
      [1, 1, 1, 1],
      [1, -1, 1, -1],
      [1, 1, -1, -1],
      [1, -1, -1, 1],
    ]);
  });

  it.each([1, 2, 8, 32, 1_024, 65_536])('of %i values keeps the length and comes back', (size) => {
    const rng = seededRng(size);
    const vector = Float32Array.from({ length: size }, () => rng.normal());
    const block = vector.slice();
    rotate(block, size, 3, 40);
    expect(norm(block) / Math.sqrt(size)).toBeCloseTo(norm(vector), 3);
    rotateBack(block, size, 3, 40);
    const off = block.map((value, i) => Math.abs(value / size - (vector[i] as number)));
    expect(off.reduce((most, value) => Math.max(most, value))).toBeLessThan(1e-5);
  });

  it('spreads one value over all of its block, with other signs for other seeds', () => {
    const spread = (seed: number): Float32Array => {
      const block = new Float32Array(64);
      block[5] = 1;
      block[9] = 2;
      rotate(block, 64, seed, 0);
      return block;
    };
    expect(new Set(spread(1).map(Math.abs))).toEqual(new Set([1, 3]));
    const signs = new Set(Array.from({ length: 32 }, (_, seed) => spread(seed).join()));
    expect(signs.size).toBe(4);
  });
});
