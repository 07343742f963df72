import { assert } from '../../../shared/assert.ts';
import { kernel } from '../kernel/index.ts';
import type { Sums } from '../kernel/kernel.ts';
import { addDoubles } from '../kernel/merge.ts';
import { type Addend, type Aggregator, addendOf, type Counting, numbersOf } from './aggregator.ts';

// McMahan, Moore, Ramage, Hampson, Agüera y Arcas: "Communication-Efficient Learning of Deep Networks from
// Decentralized Data", AISTATS 2017, Algorithm 1: Σ (n_i / n) · delta_i with n = Σ n_i over the clients counted in
// this round, not over all there are.

export interface MeanState {
  /** Σ weight_i · delta_i */
  readonly sums: Sums;
  /** Σ weight_i */
  readonly weight: number;
}

function addStream({ sums, weight: before }: MeanState, addend: Addend, { weight }: Counting): MeanState {
  assert(Number.isFinite(weight) && weight > 0, 'a weight is a number above 0');
  addend(sums, weight);
  return { sums, weight: before + weight };
}

/** The weighted mean, folded one update at a time in Float64. */
export const mean: Aggregator<MeanState> = {
  name: 'mean',
  init: (values) => ({ sums: kernel.sums(values), weight: 0 }),
  add: (state, { delta, ...counting }) => addStream(state, addendOf(delta), counting),
  addStream,
  isScaledSum: true,
  partial: {
    of: ({ sums, weight }) => ({ values: sums.values, numbers: [weight] }),
    merge({ sums, weight }, { numbers, read }) {
      const [other] = numbersOf(numbers, 1);
      addDoubles(sums.values, read);
      return { sums, weight: weight + other };
    },
  },
  finish({ sums, weight }) {
    assert(weight > 0, 'the mean of nothing');
    sums.divide(weight);
    return sums.values;
  },
};
