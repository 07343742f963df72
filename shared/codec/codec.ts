import type { Rng } from '../rng.ts';

/** What a task fixes of a codec besides its name (`codec.range`, `codec.fraction`), each where the codec needs it. */
export interface CodecParameters {
  /** Values are clipped to ±range. */
  readonly range?: number | undefined;
  /** Share of the values that is sent, above 0 and at most 1. */
  readonly fraction?: number | undefined;
}

export interface DecodeOptions extends CodecParameters {
  /** 32 bits that both sides know: what is drawn from them is the same on both. */
  readonly seed: number;
}

export interface EncodeOptions extends DecodeOptions {
  /** Of stochastic rounding: nobody else needs to know it, and no two reports may share it. */
  readonly rng: Rng;
}

/** The most that a decoder allocates for a value of the model: the vector, four bytes, and what it works on. */
export const DECODED_BYTES_A_VALUE = 6;

/**
 * A codec turns a flat delta into the body of a frame and back. It knows nothing of tensors, sockets or hashes.
 * The decoder is given the number of values that the task fixes and allocates from nothing else: at most
 * `DECODED_BYTES_A_VALUE` bytes for each, also where the body is short (top-k, random-k), whatever stands in it. So what a frame can have
 * allocated is bounded by the task's model, which an admin chose, and not by the frame's own length.
 */
export interface Codec {
  readonly name: string;
  /** One byte in the frame; never reused. */
  readonly id: number;
  /**
   * Whose seed it takes: none; that of the round, the same for everybody who starts from one checkpoint, so that bodies
   * can be added before they are decoded; or the report's own, so that the errors of two reports are independent.
   */
  readonly seeding: 'none' | 'round' | 'report';
  /** Least and greatest body length for a vector of `values` float32 values. */
  bodyBytes(values: number, parameters: CodecParameters): { readonly minimum: number; readonly maximum: number };
  /** `vector` holds finite numbers; it is left as it is. */
  encode(vector: Float32Array, options: EncodeOptions): Uint8Array;
  /**
   * The vector, or `undefined` where the body is not one that `encode` writes: then nothing was allocated for it. May
   * share memory with `body`.
   */
  decode(body: Uint8Array, values: number, options: DecodeOptions): Float32Array | undefined;
}

export const exactly = (bytes: number): { readonly minimum: number; readonly maximum: number } => ({
  minimum: bytes,
  maximum: bytes,
});
