/**
 * Two randomnesses, never mixed. `Rng` is seeded and repeatable: selection, shuffling, initial weights,
 * simulation, tests. `SecureRng` is for keys, masks, tokens and differential privacy noise.
 */
export interface Rng {
  readonly kind: 'seeded';
  /** Uniform in [0, 2^32). */
  uint32(): number;
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform integer in [0, bound), without modulo bias. */
  below(bound: number): number;
  /** Standard normal (Marsaglia's polar method). */
  normal(): number;
}

export interface SecureRng {
  readonly kind: 'secure';
  bytes(count: number): Uint8Array;
}

/**
 * xoshiro128** (Blackman and Vigna 2018); its state is a Weyl sequence from seed and stream through MurmurHash3's
 * finalizer.
 */
export function seededRng(seed: number, stream = 0): Rng {
  let mix = (seed ^ Math.imul(stream + 1, 0x9e3779b9)) >>> 0;
  const murmur = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let a = murmur();
  let b = murmur();
  let c = murmur();
  let d = (murmur() | 1) >>> 0;
  const rotate = (x: number, k: number): number => ((x << k) | (x >>> (32 - k))) >>> 0;

  const uint32 = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5) >>> 0, 7), 9) >>> 0;
    const t = (b << 9) >>> 0;
    c = (c ^ a) >>> 0;
    d = (d ^ b) >>> 0;
    b = (b ^ c) >>> 0;
    a = (a ^ d) >>> 0;
    c = (c ^ t) >>> 0;
    d = rotate(d, 11);
    return result;
  };
  const uniform = (): number => ((uint32() >>> 5) * 67108864 + (uint32() >>> 6)) / 9007199254740992;
  const below = (bound: number): number => {
    const limit = 0x100000000 - (0x100000000 % bound);
    let x = uint32();
    while (x >= limit) x = uint32();
    return x % bound;
  };
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const s = x * x + y * y;
      if (s > 0 && s < 1) {
        const scale = Math.sqrt((-2 * Math.log(s)) / s);
        spare = y * scale;
        return x * scale;
      }
    }
  };
  return { kind: 'seeded', uint32, uniform, below, normal };
}

/** Fisher–Yates in place; returns the same array. */
export function shuffle<Items extends Uint32Array | unknown[]>(items: Items, rng: Rng): Items {
  for (let i = items.length - 1; i > 0; i--) {
    const j = rng.below(i + 1);
    const swap = items[i];
    items[i] = items[j] as never;
    items[j] = swap as never;
  }
  return items;
}

/** `crypto.getRandomValues` of the platform: present in browsers on plain http too, and in Node. */
export const secureRng: SecureRng = {
  kind: 'secure',
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
};
