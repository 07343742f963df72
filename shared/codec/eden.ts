import { pack, packedBytes, unpack } from './bit-packing.ts';
import { type Codec, exactly } from './codec.ts';
import { CODEC_IDS, type CodecName } from './names.ts';
import { blocksOf, rotate, rotateBack, rotatedValues } from './rotation.ts';

/**
 * EDEN (Vargaftik et al., ICML 2022; at 1 bit it is DRIVE, NeurIPS 2021): each block is rotated with the report's own seed, its
 * coordinates, divided by their root mean square, are rounded to the Lloyd–Max centroids Q of N(0, 1), and the scale
 * s = ‖x‖² ÷ ⟨R(x), Q⟩ makes ⟨x̂, x⟩ = ‖x‖² in every encoding. With rotations
 * drawn from all there are the whole is unbiased; one Hadamard transform with random signs is that only as far as it spreads the vector, as of the
 * many values of a model. Where one value dominates it is biased: (1, 0.5, 0, …) comes back as (1.25, 0, 0, …) at 1 bit, whatever the seed.
 * Not to be added before decoding.
 *
 * Body: for each block its scale s ÷ √size as float32, by which H·Q is multiplied; then `bits` bits for each coordinate, padding included: the
 * number of the centroid by its size, from 0, and the sign as the highest bit.
 */
type EdenName = Extract<CodecName, `eden-${string}`>;
type Bits = 1 | 2 | 3 | 4;

/** The positive half of the centroids. */
const CENTROIDS: Readonly<Record<Bits, readonly number[]>> = {
  1: [0.79788],
  2: [0.45278, 1.51042],
  3: [0.24509, 0.75601, 1.34391, 2.15195],
  4: [0.1284, 0.38805, 0.65676, 0.94234, 1.25623, 1.61805, 2.06902, 2.73259],
};

/** The nearest centroid is looked up in cells this wide; beyond the last one it is the largest anyway. */
const CELLS_PER_UNIT = 512;
const CELLS = 4 * CELLS_PER_UNIT;
const SCALE_BYTES = 4;

export function eden(bits: Bits): Codec & { readonly name: EdenName } {
  const name: EdenName = `eden-${bits}`;
  const centroids = Float64Array.from(CENTROIDS[bits]);
  const nearest = cellsOf(CENTROIDS[bits]);
  const signed = Float64Array.from([...CENTROIDS[bits], ...CENTROIDS[bits].map((centroid) => -centroid)]);
  const signAt = bits - 1;
  const bodyBytes = (values: number): number =>
    blocksOf(values).length * SCALE_BYTES + packedBytes(rotatedValues(values), bits);
  return {
    name,
    id: CODEC_IDS[name],
    seeding: 'report',
    bodyBytes: (values) => exactly(bodyBytes(values)),

    encode(vector, { seed }) {
      const sizes = blocksOf(vector.length);
      const body = new Uint8Array(bodyBytes(vector.length));
      const scales = new DataView(body.buffer);
      const stream = body.subarray(sizes.length * SCALE_BYTES);
      const block = new Float32Array(sizes[0] ?? 0);
      const numbers = new Uint16Array(block.length);
      let at = 0;
      for (const [index, size] of sizes.entries()) {
        const part = vector.subarray(at, at + size);
        block.set(part);
        block.fill(0, part.length, size);
        const squares = sumOfSquares(part);
        rotate(block, size, seed, at);
        const product = quantise(block, size, 1 / Math.sqrt(squares), { centroids, nearest, signAt }, numbers);
        scales.setFloat32(index * SCALE_BYTES, squares === 0 ? 0 : squares / product, true);
        pack(numbers, size, bits, stream, at);
        at += size;
      }
      return body;
    },

    decode(body, values, { seed }) {
      if (body.byteLength !== bodyBytes(values)) return undefined;
      const sizes = blocksOf(values);
      const scales = new DataView(body.buffer, body.byteOffset, body.byteLength);
      for (let index = 0; index < sizes.length; index++) {
        if (!Number.isFinite(scales.getFloat32(index * SCALE_BYTES, true))) return undefined;
      }
      const stream = body.subarray(sizes.length * SCALE_BYTES);
      const vector = new Float32Array(values);
      const block = new Float32Array(sizes[0] ?? 0);
      const numbers = new Uint16Array(block.length);
      let at = 0;
      for (const [index, size] of sizes.entries()) {
        const scale = scales.getFloat32(index * SCALE_BYTES, true);
        unpack(stream, at, size, bits, numbers);
        for (let i = 0; i < size; i++) block[i] = scale * (signed[numbers[i] as number] as number);
        rotateBack(block, size, seed, at);
        vector.set(block.subarray(0, Math.min(size, values - at)), at);
        at += size;
      }
      return vector;
    },
  };
}

/** For each cell the number of the centroid that is nearest to its middle. */
function cellsOf(centroids: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: CELLS }, (_, cell) => {
    const middle = (cell + 0.5) / CELLS_PER_UNIT;
    const distances = centroids.map((centroid) => Math.abs(centroid - middle));
    return distances.indexOf(Math.min(...distances));
  });
}

function sumOfSquares(vector: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += (vector[i] as number) ** 2;
  return sum;
}

interface Quantiser {
  readonly centroids: Float64Array;
  readonly nearest: Uint8Array;
  readonly signAt: number;
}

/** The numbers of the block's coordinates, each multiplied by `factor` first; the inner product ⟨block, Q⟩ of what it was. */
function quantise(
  block: Float32Array,
  size: number,
  factor: number,
  { centroids, nearest, signAt }: Quantiser,
  numbers: Uint16Array,
): number {
  const perUnit = factor * CELLS_PER_UNIT;
  let product = 0;
  for (let i = 0; i < size; i++) {
    const value = block[i] as number;
    const length = Math.abs(value);
    const cell = length * perUnit;
    const number = nearest[cell < CELLS ? cell | 0 : CELLS - 1] as number;
    product += length * (centroids[number] as number);
    numbers[i] = value < 0 ? number | (1 << signAt) : number;
  }
  return product;
}
