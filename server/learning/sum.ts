import { assert } from '../../shared/assert.ts';
import { addScaled } from '../../shared/weights/vector.ts';
import { type Aggregator, numbersOf } from './aggregators/aggregator.ts';
import { addDoubles } from './kernel/merge.ts';

interface SumState {
  readonly sum: Float64Array;
  readonly count: number;
}

/**
 * The plain sum, for the counts of evaluation rounds: their own numbers are the weights. Exact for whole numbers. It has the
 * steps of an aggregator and is none, since the sum of equal updates is not that update.
 */
export const sum: Aggregator<SumState> = {
  name: 'sum',
  init: (values) => ({ sum: new Float64Array(values), count: 0 }),
  add(state, { delta }) {
    addScaled(state.sum, delta, 1);
    return { sum: state.sum, count: state.count + 1 };
  },
  partial: {
    of: ({ sum, count }) => ({ values: sum, numbers: [count] }),
    merge(state, { numbers, read }) {
      const [other] = numbersOf(numbers, 1);
      addDoubles(state.sum, read);
      return { sum: state.sum, count: state.count + other };
    },
  },
  finish({ sum, count }) {
    assert(count > 0, 'the sum of nothing');
    return sum;
  },
};
