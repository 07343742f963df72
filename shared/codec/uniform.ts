import { assert } from '../assert.ts';
import { pack, packedBytes, unpack } from './bit-packing.ts';
import { type Codec, type CodecParameters, exactly } from './codec.ts';
import { CODEC_IDS, type CodecName } from './names.ts';
import { BLOCK_VALUES, blocksOf, rotate, rotateBack, rotatedValues } from './rotation.ts';
import { wordAt } from './words.ts';

/**
 * Uniform stochastic quantisation to whole numbers 0 … L = 2^bits − 1 over a public range ±c (Suresh et al., ICML 2017, §2): y =
 * (clip(x, −c, c) + c) · L / 2c, q = ⌊y + U⌋ with U uniform in [0, 1). Unbiased for what is within ±c, and the numbers of n
 * clients may be added before they are decoded. With rotation what is quantised is R(x) of `rotation.ts`, from the round's seed:
 * heavy tails are spread, and ±c must cover the coordinates of R(x), about four times the root mean square of x.
 */
type UniformName = Extract<CodecName, `uniform-${string}`>;

/** U from 16 bits each, two to a word: it is off by 2^-17 of a step at most. */
const DITHER_STEPS = 65_536;

export function uniform(name: UniformName): Codec & { readonly name: UniformName } {
  const [, digits, rotated] = name.split('-');
  const bits = Number(digits);
  const isRotated = rotated !== undefined;
  const sentValues = isRotated ? rotatedValues : (values: number): number => values;
  const blocks = isRotated ? blocksOf : plainBlocks;
  return {
    name,
    id: CODEC_IDS[name],
    seeding: isRotated ? 'round' : 'none',
    bodyBytes: (values) => exactly(packedBytes(sentValues(values), bits)),

    encode(vector, { seed, rng, ...parameters }) {
      const range = rangeOf(parameters);
      const body = new Uint8Array(packedBytes(sentValues(vector.length), bits));
      const sizes = blocks(vector.length);
      const block = new Float32Array(sizes[0] ?? 0);
      const levels = new Uint16Array(block.length);
      const key = rng.uint32();
      let at = 0;
      for (const size of sizes) {
        const part = vector.subarray(at, at + size);
        block.set(part);
        if (isRotated) {
          block.fill(0, part.length, size);
          rotate(block, size, seed, at);
        }
        quantise(block, size, isRotated ? 1 / Math.sqrt(size) : 1, { bits, range, key, at }, levels);
        pack(levels, size, bits, body, at);
        at += size;
      }
      return body;
    },

    decode(body, values, { seed, ...parameters }) {
      if (body.byteLength !== packedBytes(sentValues(values), bits)) return undefined;
      const range = rangeOf(parameters);
      const vector = new Float32Array(values);
      const sizes = blocks(values);
      const block = new Float32Array(sizes[0] ?? 0);
      let at = 0;
      for (const size of sizes) {
        const factor = isRotated ? 1 / Math.sqrt(size) : 1;
        unpack(body, at, size, bits, block, -range * factor, (factor * 2 * range) / (2 ** bits - 1));
        if (isRotated) rotateBack(block, size, seed, at);
        vector.set(block.subarray(0, Math.min(size, values - at)), at);
        at += size;
      }
      return vector;
    },
  };
}

function plainBlocks(values: number): readonly number[] {
  const whole = Array<number>(Math.floor(values / BLOCK_VALUES)).fill(BLOCK_VALUES);
  const rest = values % BLOCK_VALUES;
  return rest === 0 ? whole : [...whole, rest];
}

function rangeOf({ range }: CodecParameters): number {
  assert(range !== undefined, 'a uniform codec needs its range');
  return range;
}

interface Quantiser {
  readonly bits: number;
  readonly range: number;
  readonly key: number;
  /** Of the first value in the vector. */
  readonly at: number;
}

function quantise(
  block: Float32Array,
  size: number,
  factor: number,
  { bits, range, key, at }: Quantiser,
  levels: Uint16Array,
): void {
  const greatest = 2 ** bits - 1;
  const scale = (factor * greatest) / (2 * range);
  // What would be U = 0 or 1 is half a dither step away from it: the mean of all of them is a half.
  const middle = greatest / 2 + 0.5 / DITHER_STEPS;
  const least = 0.5 / DITHER_STEPS;
  const most = greatest + 0.5 / DITHER_STEPS;
  for (let i = 0; i < size; i += 2) {
    const word = wordAt(key, (at + i) >>> 1);
    const y = (block[i] as number) * scale + middle;
    const z = (block[i + 1] as number) * scale + middle;
    levels[i] = Math.min(Math.max(y, least), most) + (word & 0xffff) / DITHER_STEPS;
    levels[i + 1] = Math.min(Math.max(z, least), most) + (word >>> 16) / DITHER_STEPS;
  }
}

/** The numbers that a body of `count` of them holds: what may be added over clients. */
export function levelsOf(body: Uint8Array, count: number, bits: number): Uint16Array {
  const levels = new Uint16Array(count);
  unpack(body, 0, count, bits, levels);
  return levels;
}

/** The mean of `clients` vectors from the sum of their numbers: −c + 2c · sum ÷ (clients · L), before any rotation back. */
export function meanOfLevels(
  sums: ArrayLike<number>,
  clients: number,
  { bits, range }: Pick<Quantiser, 'bits' | 'range'>,
): Float64Array {
  const step = (2 * range) / (clients * (2 ** bits - 1));
  return Float64Array.from(sums, (sum) => -range + step * sum);
}
