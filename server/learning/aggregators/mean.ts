import { assert } from '../../../shared/assert.ts';
import { toBytes } from '../../../shared/weights/vector.ts';
import { kernel } from '../kernel/index.ts';
import { type Read, readFrom, type Sums } from '../kernel/kernel.ts';
import type { Aggregator } from './aggregator.ts';

// McMahan, Moore, Ramage, Hampson, Agüera y Arcas: "Communication-Efficient Learning of Deep Networks from
// Decentralized Data", AISTATS 2017, Algorithm 1: Σ (n_i / n) · delta_i with n = Σ n_i over the clients counted in
// this round, not over all there are.

export interface MeanState {
  /** Σ weight_i · delta_i */
  readonly sums: Sums;
  /** Σ weight_i */
  readonly weight: number;
}

function addStream({ sums, weight: before }: MeanState, read: Read, weight: number): MeanState {
  assert(Number.isFinite(weight) && weight > 0, 'a weight is a number above 0');
  sums.add(read, weight);
  return { sums, weight: before + weight };
}

/** The weighted mean, folded one update at a time in Float64. */
export const mean: Aggregator<MeanState> = {
  name: 'mean',
  init: (values) => ({ sums: kernel.sums(values), weight: 0 }),
  add(state, { delta, weight }) {
    assert(delta.length === state.sums.values.length, 'vectors differ in length');
    return addStream(state, readFrom(toBytes(delta)), weight);
  },
  addStream,
  finish({ sums, weight }) {
    assert(weight > 0, 'the mean of nothing');
    sums.divide(weight);
    return sums.values;
  },
};
