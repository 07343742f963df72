import { assert } from '../../../shared/assert.ts';
import { addScaled } from '../../../shared/weights/vector.ts';
import type { BatchAggregator } from './aggregator.ts';
import { krumChoice } from './krum-scores.ts';

// Blanchard, El Mhamdi, Guerraoui, Stainer: "Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent", NIPS
// 2017, section 4 and the variant of their experiments.

export interface MultiKrumSettings {
  /** f: how many updates of a round may be malicious; 2f + 2 < n. */
  readonly malicious: number;
  /** m: how many are kept; from 1, which is Krum, to n − f − 2. */
  readonly keep: number;
}

/** The mean of the m updates of the lowest Krum scores. */
export const multiKrum = ({ malicious, keep }: MultiKrumSettings): BatchAggregator => ({
  name: 'multi-krum',
  carries: false,
  apply(updates) {
    assert(keep >= 1 && keep <= updates.count - malicious - 2, 'multi-Krum keeps from 1 to n − f − 2 updates');
    const sum = new Float64Array(updates.values);
    for (const index of krumChoice(updates, malicious, keep)) addScaled(sum, updates.read(index), 1);
    return sum.map((value) => value / keep);
  },
});
