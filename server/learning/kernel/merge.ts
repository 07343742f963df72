import { eachPiece, type Read, WINDOW_BYTES } from './kernel.ts';

const window = new Uint8Array(WINDOW_BYTES);
const doubles = new Float64Array(window.buffer);

/** `into` += factor · x for as many float64 values, little-endian. When `read` throws, a part of it has been added. */
export function addDoubles(into: Float64Array, read: Read, factor = 1): void {
  eachPiece(into.length * 8, window, read, (at, length) => {
    const some = into.subarray(at / 8, (at + length) / 8);
    for (let i = 0; i < some.length; i++) some[i] = (some[i] as number) + factor * (doubles[i] as number);
  });
}
