import { assert } from '../../../shared/assert.ts';
import type { BatchAggregator } from './aggregator.ts';
import { coordinateWise } from './blocks.ts';

// Yin, Chen, Ramchandran, Bartlett: "Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates", ICML 2018,
// Algorithm 1, option I. Holds while fewer than half of the updates are malicious.

/** The median of each coordinate; of an even number, the mean of the two in the middle. */
export const median: BatchAggregator = {
  name: 'median',
  carries: false,
  apply(updates) {
    const { count } = updates;
    assert(count > 0, 'the median of nothing');
    const upper = count >> 1;
    const lower = (count - 1) >> 1;
    return coordinateWise(updates, (column) => {
      column.sort();
      return ((column[lower] as number) + (column[upper] as number)) / 2;
    });
  },
};
