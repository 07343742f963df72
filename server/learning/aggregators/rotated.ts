import { assert } from '../../../shared/assert.ts';
import { blocksOf, rotatedValues } from '../../../shared/codec/rotation.ts';
import { rotateBack } from '../kernel/rotate-back.ts';
import type { Aggregator } from './aggregator.ts';

// Suresh, Yu, Kumar, McMahan: "Distributed Mean Estimation with Limited Communication", ICML 2017, §3: the rotation is
// linear and the same for the whole round, so the mean is taken of rotated updates and rotated back once.

/**
 * `aggregator` of updates that are streamed as R(x) of `shared/codec/rotation.ts`, `rotatedValues(values)` of them each, all from
 * one seed. What it finishes is rotated back, in Float64. It agrees to 1e-6 of the largest value with what comes of updates that
 * were rotated back one by one, in float32.
 */
export function rotated(aggregator: Aggregator<unknown>, values: number, seed: number): Aggregator<unknown> {
  assert(aggregator.isScaledSum === true, 'what is not a multiple of a sum is not to be rotated');
  return {
    ...aggregator,
    init: () => aggregator.init(rotatedValues(values)),
    finish(state) {
      const vector = aggregator.finish(state);
      let at = 0;
      for (const size of blocksOf(values)) {
        rotateBack(vector.subarray(at, at + size), seed, at);
        at += size;
      }
      return vector.subarray(0, values);
    },
  };
}
