import { assert } from '../../../shared/assert.ts';
import { packedBytes } from '../../../shared/codec/bit-packing.ts';
import type { CodecParameters } from '../../../shared/codec/codec.ts';
import type { CodecName } from '../../../shared/codec/names.ts';
import { rotatedValues } from '../../../shared/codec/rotation.ts';
import { CODE_BITS, type CodeBits, eachPiece, type Read, WINDOW_BYTES } from './kernel.ts';

/** The body of a report in a uniform codec as `Sums.addCodes` takes it. */
export interface UniformCodes {
  readonly bits: CodeBits;
  /** What each code decodes to, to the bit; of a rotated codec a coordinate of R(x), which is not rotated back. */
  readonly levels: Float32Array;
  /** Codes in the body. */
  readonly count: number;
  readonly isRotated: boolean;
}

interface Coded extends CodecParameters {
  readonly codec: CodecName;
  readonly values: number;
}

/** Null for another codec, and for 12 and 16 bits, of which a table of levels would be larger than what it is looked up for. */
export function uniformCodes({ codec, values, range }: Coded): UniformCodes | null {
  const [family, digits, rotated] = codec.split('-');
  const bits = CODE_BITS.find((one) => one === Number(digits));
  if (family !== 'uniform' || bits === undefined) return null;
  assert(range !== undefined, 'a uniform codec needs its range');
  const isRotated = rotated !== undefined;
  const step = (2 * range) / (2 ** bits - 1);
  const levels = Float32Array.from({ length: 2 ** bits }, (_, code) => -range + step * code);
  return { bits, levels, count: isRotated ? rotatedValues(values) : values, isRotated };
}

const window = new Uint8Array(WINDOW_BYTES);

/** The L2 norm of what the codes decode to, before it is rotated back, from how often each is there. */
export function normOfCodes({ bits, levels, count }: UniformCodes, read: Read): number {
  const timesOfByte = new Uint32Array(256);
  let last = 0;
  const bytes = packedBytes(count, bits);
  eachPiece(bytes, window, read, (_, length) => {
    countBytes(timesOfByte, length);
    last = window[length - 1] as number;
  });
  let squares = 0;
  const squaresOf = (byte: number, from: number): number => {
    let sum = 0;
    for (let bit = from; bit < 8; bit += bits) sum += (levels[(byte >>> bit) & (levels.length - 1)] as number) ** 2;
    return sum;
  };
  timesOfByte.forEach((times, byte) => {
    squares += times * squaresOf(byte, 0);
  });
  // Behind the last code its byte is filled up with what counts for nothing.
  return Math.sqrt(squares - squaresOf(last, 8 - (8 * bytes - bits * count)));
}

function countBytes(times: Uint32Array, length: number): void {
  for (let i = 0; i < length; i++) {
    const byte = window[i] as number;
    times[byte] = (times[byte] as number) + 1;
  }
}
