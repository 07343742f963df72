import { assert } from '../../../shared/assert.ts';
import { addScaled } from '../../../shared/weights/vector.ts';
import type { Aggregator } from './aggregator.ts';

// McMahan, Moore, Ramage, Hampson, Agüera y Arcas: "Communication-Efficient Learning of Deep Networks from
// Decentralized Data", AISTATS 2017, Algorithm 1: Σ (n_i / n) · delta_i with n = Σ n_i over the clients counted in
// this round, not over all there are.

export interface MeanState {
  /** Σ weight_i · delta_i */
  readonly sum: Float64Array;
  /** Σ weight_i */
  readonly weight: number;
}

/** The weighted mean, folded one update at a time in Float64. */
export const mean: Aggregator<MeanState> = {
  name: 'mean',
  init: (values) => ({ sum: new Float64Array(values), weight: 0 }),
  add(state, { delta, weight }) {
    assert(Number.isFinite(weight) && weight > 0, 'a weight is a number above 0');
    addScaled(state.sum, delta, weight);
    return { sum: state.sum, weight: state.weight + weight };
  },
  finish({ sum, weight }) {
    assert(weight > 0, 'the mean of nothing');
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) / weight;
    return sum;
  },
};
