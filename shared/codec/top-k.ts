import { assert } from '../assert.ts';
import { fromBytes, toBytes } from '../weights/vector.ts';
import { type Codec, type CodecParameters, exactly } from './codec.ts';

/**
 * The k = max(1, round(fraction · values)) values of the greatest magnitude, as they are; of equal ones the first (Aji and Heafield, EMNLP
 * 2017). Biased: what is not sent must be added to the next delta (`update-encoder.ts`; Stich et al., NeurIPS 2018).
 *
 * Body: k places as uint32, each greater than the one before, then their k values as float32.
 */
const PAIR_BYTES = 8;

export const topK = {
  name: 'top-k',
  id: 2,
  seeding: 'none',
  bodyBytes: (values, parameters) => exactly(sentCount(values, parameters) * PAIR_BYTES),

  encode(vector, parameters) {
    const count = sentCount(vector.length, parameters);
    const places = new Uint32Array(count);
    const sent = new Float32Array(count);
    const { threshold, equal } = thresholdOf(vector, count);
    const bits = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
    let equalLeft = equal;
    let at = 0;
    for (let i = 0; i < vector.length && at < count; i++) {
      const magnitude = (bits[i] as number) & 0x7fffffff;
      if (magnitude < threshold || (magnitude === threshold && equalLeft-- <= 0)) continue;
      places[at] = i;
      sent[at] = vector[i] as number;
      at++;
    }
    const body = new Uint8Array(count * PAIR_BYTES);
    body.set(new Uint8Array(places.buffer));
    body.set(toBytes(sent), count * 4);
    return body;
  },

  decode(body, values, parameters) {
    const count = sentCount(values, parameters);
    if (body.byteLength !== count * PAIR_BYTES) return undefined;
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    let last = -1;
    for (let i = 0; i < count; i++) {
      const place = view.getUint32(i * 4, true);
      if (place <= last || place >= values) return undefined;
      last = place;
    }
    const vector = new Float32Array(values);
    const sent = fromBytes(body.subarray(count * 4));
    for (let i = 0; i < count; i++) vector[view.getUint32(i * 4, true)] = sent[i] as number;
    return vector;
  },
} as const satisfies Codec;

/** How many of `values` values are sent. */
export function sentCount(values: number, { fraction }: CodecParameters): number {
  assert(fraction !== undefined, 'this codec needs its fraction');
  return Math.min(values, Math.max(1, Math.round(fraction * values)));
}

/**
 * The bits, without the sign, of the smallest magnitude that is sent, and how many of exactly that one. Magnitudes are
 * ordered as their bits are: two counts of 2^16 and 2^15 buckets find it without sorting.
 */
function thresholdOf(vector: Float32Array, count: number): { readonly threshold: number; readonly equal: number } {
  const bits = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
  const high = new Uint32Array(1 << 16);
  for (let i = 0; i < bits.length; i++) {
    const bucket = ((bits[i] as number) & 0x7fffffff) >>> 15;
    high[bucket] = (high[bucket] as number) + 1;
  }
  const upper = bucketOf(high, count);
  const low = new Uint32Array(1 << 15);
  for (let i = 0; i < bits.length; i++) {
    const magnitude = (bits[i] as number) & 0x7fffffff;
    if (magnitude >>> 15 !== upper.bucket) continue;
    const bucket = magnitude & 0x7fff;
    low[bucket] = (low[bucket] as number) + 1;
  }
  const lower = bucketOf(low, upper.left);
  return { threshold: upper.bucket * 2 ** 15 + lower.bucket, equal: lower.left };
}

/** The bucket in which the `count`-th from the top lies, and how many of it are wanted. */
function bucketOf(buckets: Uint32Array, count: number): { readonly bucket: number; readonly left: number } {
  let left = count;
  let bucket = buckets.length - 1;
  while (bucket > 0 && (buckets[bucket] as number) < left) left -= buckets[bucket--] as number;
  return { bucket, left };
}
