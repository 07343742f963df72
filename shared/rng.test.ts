import { describe, expect, it } from 'vitest';
import { secureRng, seededRng, shuffle } from './rng.ts';

describe('seededRng', () => {
  it('gives the same numbers for the same seed and stream', () => {
    const a = seededRng(7, 3);
    const b = seededRng(7, 3);
    expect(Array.from({ length: 50 }, a.uint32)).toEqual(Array.from({ length: 50 }, b.uint32));
  });

  it('keeps its first numbers for ever: partitions and initial weights of published runs depend on them', () => {
    const rng = seededRng(1);
    expect([rng.uint32(), rng.uint32(), rng.uint32()]).toEqual([2466671647, 704075991, 1425070668]);
  });

  it('gives other numbers for another seed and for another stream', () => {
    const first = (seed: number, stream: number) => Array.from({ length: 4 }, seededRng(seed, stream).uint32).join();
    expect(new Set([first(1, 0), first(2, 0), first(1, 1), first(2, 1)]).size).toBe(4);
  });

  it('draws uniform numbers in [0, 1) with mean 1/2 and below(n) evenly', () => {
    const rng = seededRng(11);
    const draws = Array.from({ length: 20_000 }, rng.uniform);
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws)).toBeLessThan(1);
    // standard error of the mean: 0.2887 / √20000 = 0.002
    expect(Math.abs(draws.reduce((a, b) => a + b) / draws.length - 0.5)).toBeLessThan(0.01);
    const counts = [0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 7_000; i++) {
      const draw = rng.below(7);
      counts[draw] = (counts[draw] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('draws normal numbers of mean 0 and deviation 1', () => {
    const rng = seededRng(5);
    const draws = Array.from({ length: 20_000 }, rng.normal);
    const mean = draws.reduce((a, b) => a + b) / draws.length;
    const variance = draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });
});

describe('shuffle', () => {
  it('keeps every item once and moves them', () => {
    const items = Uint32Array.from({ length: 100 }, (_, i) => i);
    const shuffled = shuffle(items.slice(), seededRng(3));
    expect([...shuffled].sort((a, b) => a - b)).toEqual([...items]);
    expect([...shuffled]).not.toEqual([...items]);
  });

  it('gives each of the six orders of three items about as often', () => {
    const rng = seededRng(9);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6_000; i++) {
      const key = shuffle(['a', 'b', 'c'], rng).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});

describe('secureRng', () => {
  it('gives as many bytes as asked for, and others each time', () => {
    expect(secureRng.bytes(16)).toHaveLength(16);
    expect(secureRng.bytes(16)).not.toEqual(secureRng.bytes(16));
  });
});
