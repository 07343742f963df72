import { assert } from '../../../shared/assert.ts';
import { kernel } from '../kernel/index.ts';
import type { Sums } from '../kernel/kernel.ts';
import { addDoubles } from '../kernel/merge.ts';
import { type Addend, type Aggregator, addendOf, type Counting, numbersOf } from './aggregator.ts';

// Nguyen et al.: "Federated Learning with Buffered Asynchronous Aggregation" (FedBuff), AISTATS 2022, Algorithm 1:
// Δ = (1 / K) · Σ s(τ_i) · delta_i. The divisor is the size of the buffer, not the sum of the weights: what is old moves the
// model less, and is not made up for.

interface BufferState {
  /** Σ weight_i · delta_i */
  readonly sums: Sums;
  readonly count: number;
}

function addStream({ sums, count }: BufferState, addend: Addend, { weight }: Counting): BufferState {
  assert(Number.isFinite(weight) && weight > 0, 'a weight is a number above 0');
  addend(sums, weight);
  return { sums, count: count + 1 };
}

/** The sum over K in Float64, `weight` being s(τ); a buffer that its deadline found half full makes half a step. */
export const bufferedMean = (size: number): Aggregator<BufferState> => ({
  name: 'buffered-mean',
  init: (values) => ({ sums: kernel.sums(values), count: 0 }),
  add: (state, { delta, ...counting }) => addStream(state, addendOf(delta), counting),
  addStream,
  partial: {
    of: ({ sums, count }) => ({ values: sums.values, numbers: [count] }),
    merge({ sums, count }, { numbers, read }) {
      const [other] = numbersOf(numbers, 1);
      addDoubles(sums.values, read);
      return { sums, count: count + other };
    },
  },
  finish({ sums, count }) {
    assert(count > 0 && count <= size, 'a buffer holds between one update and its size');
    sums.divide(size);
    return sums.values;
  },
});
