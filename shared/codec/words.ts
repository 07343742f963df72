/**
 * Word `index` of the endless sequence of 32-bit words that `key` names, as a signed integer: MurmurHash3's finalizer on
 * (index + 1) · 0x9e3779b9 XOR key. Any word can be had without those before it, and a stranger can write it down.
 */
export function wordAt(key: number, index: number): number {
  let z = Math.imul(index + 1, 0x9e3779b9) ^ key;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}

/** The same sequence for seeds: neighbouring seeds lead to keys that have nothing in common. */
export const keyOf = (seed: number): number => wordAt(seed, 0);
