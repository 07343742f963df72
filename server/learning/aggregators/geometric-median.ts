import { assert } from '../../../shared/assert.ts';
import { kernel } from '../kernel/index.ts';
import { addendOf, type BatchAggregator } from './aggregator.ts';
import { distanceTo } from './distance.ts';

// Pillutla, Kakade, Harchaoui: "Robust Aggregation for Federated Learning", IEEE Transactions on Signal Processing 2022,
// Algorithm 2 (RFA, smoothed Weiszfeld). Holds while fewer than half of the updates are malicious; far outliers need ten
// passes or more.

export interface GeometricMedianSettings {
  /** Passes over all updates after the mean, from which it starts; 10 by default, since 5 leave much of what far outliers pull. */
  readonly passes: number;
  /** ν: distances below it count as it; 1e-6 by default. */
  readonly smoothing: number;
}

/** v ← Σ bᵢ · xᵢ / Σ bᵢ with bᵢ = 1 / max(ν, ‖v − xᵢ‖), `passes` times from the mean on. */
export const geometricMedian = ({ passes, smoothing }: GeometricMedianSettings): BatchAggregator => ({
  name: 'geometric-median',
  carries: false,
  apply(updates) {
    assert(updates.count > 0, 'the geometric median of nothing');
    const centre = new Float64Array(updates.values);
    const sums = kernel.sums(updates.values);
    for (let pass = 0; pass <= passes; pass++) {
      sums.values.fill(0);
      let weights = 0;
      for (let index = 0; index < updates.count; index++) {
        const delta = updates.read(index);
        const weight = pass === 0 ? 1 : 1 / Math.max(smoothing, distanceTo(delta, centre));
        addendOf(delta)(sums, weight);
        weights += weight;
      }
      sums.divide(weights);
      centre.set(sums.values);
    }
    return centre;
  },
});
