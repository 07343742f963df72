/**
 * A codec turns a flat delta into the body of a frame and back. It knows nothing of tensors, sockets or hashes.
 * The decoder is given the number of values that the task fixes and allocates from nothing else.
 */
export interface Codec {
  readonly name: string;
  /** One byte in the frame; never reused. */
  readonly id: number;
  /** Least and greatest body length for a vector of `values` float32 values. */
  bodyBytes(values: number): { readonly minimum: number; readonly maximum: number };
  encode(vector: Float32Array): Uint8Array;
  /** The vector, or `undefined` where the body is not one that `encode` writes. May share memory with `body`. */
  decode(body: Uint8Array, values: number): Float32Array | undefined;
}
