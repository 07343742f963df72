import { assert } from '../assert.ts';

/**
 * The sign convention, written once (DESIGN §2): what a client uploads is delta = local − global; what the
 * server optimizer takes is the pseudo-gradient = −mean(delta).
 */

/** delta = local − global; d float32 values. */
export function deltaOf(local: Float32Array, global: Float32Array): Float32Array {
  assert(local.length === global.length, 'vectors differ in length');
  const delta = new Float32Array(local.length);
  for (let i = 0; i < delta.length; i++) delta[i] = (local[i] as number) - (global[i] as number);
  return delta;
}

/** pseudo-gradient = −mean(delta), in place on the aggregator's Float64 result; 0 stays 0 and is never −0. */
export function pseudoGradient(meanDelta: Float64Array): Float64Array {
  for (let i = 0; i < meanDelta.length; i++) meanDelta[i] = 0 - (meanDelta[i] as number);
  return meanDelta;
}
