import { assert } from '../../../shared/assert.ts';
import { packedBytes, unpack } from '../../../shared/codec/bit-packing.ts';
import type { CodecParameters } from '../../../shared/codec/codec.ts';
import type { CodecName } from '../../../shared/codec/names.ts';
import { blocksOf, rotatedValues } from '../../../shared/codec/rotation.ts';
import { CODE_BITS, type CodeBits, eachPiece, type Read, WINDOW_BYTES } from './kernel.ts';
import { rotateBack } from './rotate-back.ts';

/** The body of a report in a uniform codec as `Sums.addCodes` takes it. */
export interface UniformCodes {
  readonly bits: CodeBits;
  /** What each code decodes to, to the bit; of a rotated codec a coordinate of R(x), which is not rotated back. */
  readonly levels: Float32Array;
  /** Of the vector. */
  readonly values: number;
  /** Codes in the body: of the values, and of the padding of a rotation. */
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
  return { bits, levels, values, count: isRotated ? rotatedValues(values) : values, isRotated };
}

const window = new Uint8Array(WINDOW_BYTES);

/**
 * The L2 norm of what the codes decode to, from how often each is there. A rotation by `seed` leaves it as it is, but for the
 * padding, which counts for nothing: of the last block alone that is rotated back.
 */
export function normOfCodes(codes: UniformCodes, read: Read, seed = 0): number {
  const { bits, levels, count, values } = codes;
  const bytes = packedBytes(count, bits);
  const lastBlock = count > values ? (blocksOf(values).at(-1) as number) : 0;
  /** Where the last block lies, or the last byte, which is filled up with what counts for nothing. */
  const from = Math.min(bytes - 1, Math.floor(((count - lastBlock) * bits) / 8));
  const end = new Uint8Array(bytes - from);
  const timesOfByte = new Uint32Array(256);
  eachPiece(bytes, window, read, (at, length) => {
    countBytes(timesOfByte, length);
    if (at + length > from) end.set(window.subarray(Math.max(0, from - at), length), Math.max(0, at - from));
  });
  const squaresOf = (byte: number, bit: number): number =>
    bit >= 8 ? 0 : (levels[(byte >>> bit) & (levels.length - 1)] as number) ** 2 + squaresOf(byte, bit + bits);
  const all = timesOfByte.reduce((sum, times, byte) => sum + times * squaresOf(byte, 0), 0);
  const filled = squaresOf(end.at(-1) as number, 8 - (8 * bytes - bits * count));
  // Whoever writes nearly everything into the padding must not make this a number below 0.
  return Math.sqrt(Math.max(0, all - filled - paddingSquares(codes, end, lastBlock, seed)));
}

/** ‖·‖² of what is behind the last value; `end` begins with the byte in which the last block begins. */
function paddingSquares(
  { bits, levels, count, values }: UniformCodes,
  end: Uint8Array,
  lastBlock: number,
  seed: number,
): number {
  if (lastBlock === 0) return 0;
  const at = count - lastBlock;
  const numbers = new Uint16Array(lastBlock);
  unpack(end, ((at * bits) % 8) / bits, lastBlock, bits, numbers);
  const block = Float64Array.from(numbers, (code) => levels[code] as number);
  rotateBack(block, seed, at);
  return block.subarray(values - at).reduce((sum, value) => sum + value * value, 0);
}

function countBytes(times: Uint32Array, length: number): void {
  for (let i = 0; i < length; i++) {
    const byte = window[i] as number;
    times[byte] = (times[byte] as number) + 1;
  }
}
