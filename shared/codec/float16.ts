import { type Codec, exactly } from './codec.ts';

/**
 * IEEE 754 half precision with one power of two as scale for the whole vector: the largest value comes to lie in [2^14, 2^15), so that all
 * that is above 2^-29 of it keeps 11 significant bits. Without the scale, deltas under 6.1e-5 would be subnormal and lose digits. Rounds
 * to nearest, ties to even.
 *
 * Body: the scale as float32, by which the halves are multiplied; then a half, little-endian, for each value.
 */
const SCALE_BYTES = 4;
const TOP = 2 ** 15;

export const float16 = {
  name: 'float16',
  id: 1,
  seeding: 'none',
  bodyBytes: (values) => exactly(SCALE_BYTES + values * 2),

  encode(vector) {
    const body = new Uint8Array(SCALE_BYTES + vector.length * 2);
    const scale = scaleOf(vector);
    new DataView(body.buffer).setFloat32(0, scale, true);
    const halves = new Uint16Array(body.buffer, SCALE_BYTES, vector.length);
    // 2^-112 makes a half's exponent of a float's: what is left is to round at bit 13.
    const factor = 2 ** -112 / scale;
    const value = new Float32Array(BATCH);
    const bits = new Uint32Array(value.buffer);
    for (let at = 0; at < vector.length; at += BATCH) {
      const count = Math.min(BATCH, vector.length - at);
      for (let i = 0; i < count; i++) value[i] = (vector[at + i] as number) * factor;
      for (let i = 0; i < count; i++) {
        const x = bits[i] as number;
        halves[at + i] = ((x >>> 16) & 0x8000) | (((x & 0x7fffffff) + 0xfff + ((x >>> 13) & 1)) >>> 13);
      }
    }
    return body;
  },

  decode(body, values) {
    if (body.byteLength !== SCALE_BYTES + values * 2) return undefined;
    const scale = new DataView(body.buffer, body.byteOffset).getFloat32(0, true);
    if (!Number.isFinite(scale)) return undefined;
    const even = body.byteOffset % 2 === 0 ? body : body.slice();
    const halves = new Uint16Array(even.buffer, even.byteOffset + SCALE_BYTES, values);
    // Infinities and NaN.
    for (let i = 0; i < values; i++) if (((halves[i] as number) & 0x7c00) === 0x7c00) return undefined;
    const vector = new Float32Array(values);
    const bits = new Uint32Array(vector.buffer);
    const factor = 2 ** 112 * scale;
    for (let i = 0; i < values; i++) {
      const half = halves[i] as number;
      bits[i] = ((half & 0x8000) << 16) | ((half & 0x7fff) << 13);
    }
    for (let i = 0; i < values; i++) vector[i] = (vector[i] as number) * factor;
    return vector;
  },
} as const satisfies Codec;

const BATCH = 4_096;

/** The power of two by which halves are multiplied; never so small that float32 has no normal number for it. */
function scaleOf(vector: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < vector.length; i++) {
    const size = Math.abs(vector[i] as number);
    if (size > largest) largest = size;
  }
  const exponent = new Float32Array([largest]);
  const bits = new Uint32Array(exponent.buffer);
  // The power of two at or below the largest value: its exponent alone.
  bits[0] = (bits[0] as number) & 0x7f800000;
  return Math.max((2 * (exponent[0] as number)) / TOP, 2 ** -126);
}
