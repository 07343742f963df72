import { assert } from '../../../shared/assert.ts';
import { trimmedCount } from '../../../shared/task/trimmed-count.ts';
import type { BatchAggregator } from './aggregator.ts';
import { coordinateWise } from './blocks.ts';

// Yin, Chen, Ramchandran, Bartlett: "Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates", ICML 2018,
// Algorithm 1, option II. Holds while no more than the share β of the updates is malicious.

export interface TrimmedMeanSettings {
  /** β of the paper, from 0 to below ½: what is dropped at each end. */
  readonly share: number;
}

/** Drops the ⌊β · n⌋ lowest and highest values of each coordinate; the mean of the rest. */
export const trimmedMean = ({ share }: TrimmedMeanSettings): BatchAggregator => ({
  name: 'trimmed-mean',
  carries: false,
  apply(updates) {
    const { count } = updates;
    const trimmed = trimmedCount(share, count);
    assert(count > 2 * trimmed, 'a trimmed mean of nothing');
    return coordinateWise(updates, (column) => {
      // Without trimming the order of the sum is that of the receipts: the mean itself, to the bit.
      if (trimmed > 0) column.sort();
      let sum = 0;
      for (let i = trimmed; i < count - trimmed; i++) sum += column[i] as number;
      return sum / (count - 2 * trimmed);
    });
  },
});
