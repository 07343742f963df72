import { assert } from '../../../shared/assert.ts';
import { addScaled } from '../../../shared/weights/vector.ts';
import type { Aggregator } from './aggregator.ts';

// Nguyen et al.: "Federated Learning with Buffered Asynchronous Aggregation" (FedBuff), AISTATS 2022, Algorithm 1:
// Δ = (1 / K) · Σ s(τ_i) · delta_i. The divisor is the size of the buffer, not the sum of the weights: what is old moves the
// model less, and is not made up for.

interface BufferState {
  /** Σ weight_i · delta_i */
  readonly sum: Float64Array;
  readonly count: number;
}

/** The sum over K in Float64, `weight` being s(τ); a buffer that its deadline found half full makes half a step. */
export const bufferedMean = (size: number): Aggregator<BufferState> => ({
  name: 'buffered-mean',
  init: (values) => ({ sum: new Float64Array(values), count: 0 }),
  add(state, { delta, weight }) {
    assert(Number.isFinite(weight) && weight > 0, 'a weight is a number above 0');
    addScaled(state.sum, delta, weight);
    return { sum: state.sum, count: state.count + 1 };
  },
  finish({ sum, count }) {
    assert(count > 0 && count <= size, 'a buffer holds between one update and its size');
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) / size;
    return sum;
  },
});
