import { assert } from '../../shared/assert.ts';
import { type Addend, type Aggregator, addendOf, numbersOf } from './aggregators/aggregator.ts';
import { kernel } from './kernel/index.ts';
import type { Sums } from './kernel/kernel.ts';
import { addDoubles } from './kernel/merge.ts';

// Karimireddy, Kale, Mohri, Reddi, Stich, Suresh: "SCAFFOLD: Stochastic Controlled Averaging for Federated Learning",
// ICML 2020, arXiv:1910.06378, algorithm 1, lines 16–17: x ← x + η_g/|S| Σ Δy_i, c ← c + |S|/N · mean(Δc_i) = c + Σ Δc_i / N.
//
// N is the number of all contributors, not of those in the round. Here it grows while people come, so what is kept is
// N · c = Σ c_i, to which a round adds Σ Δc_i; c is taken from it by the N of the time at which it is handed out. Both
// halves of a report are only ever summed, so that secure aggregation could take them.

export interface ScaffoldState {
  /** Σ of the reports: first the deltas, then the changes of the control variates. */
  readonly sums: Sums;
  readonly count: number;
}

function addStream({ sums, count }: ScaffoldState, addend: Addend): ScaffoldState {
  addend(sums, 1);
  return { sums, count: count + 1 };
}

/** The steps of an aggregator: the plain mean of the deltas, and the sum of the changes of the control variates. */
export const scaffoldSums: Aggregator<ScaffoldState> = {
  name: 'scaffold',
  init: (values) => ({ sums: kernel.sums(values), count: 0 }),
  add: (state, { delta }) => addStream(state, addendOf(delta)),
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
    assert(count > 0, 'the mean of nothing');
    const { values } = sums;
    for (let at = 0; at < values.length / 2; at++) values[at] = (values[at] as number) / count;
    return values;
  },
};

/** Both halves of what `scaffoldSums` finished, as views. */
export function halvesOf(aggregated: Float64Array): { readonly delta: Float64Array; readonly control: Float64Array } {
  const half = aggregated.length / 2;
  return { delta: aggregated.subarray(0, half), control: aggregated.subarray(half) };
}

/** N · c after a round, in Float64, rounded to float32 once; a new vector. */
export function nextControl(before: Float32Array, change: Float64Array): Float32Array {
  assert(before.length === change.length, 'vectors differ in length');
  return before.map((value, at) => value + (change[at] as number));
}
