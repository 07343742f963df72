import { toBytes } from '../../../shared/weights/vector.ts';
import { kernel } from '../kernel/index.ts';
import { readFrom } from '../kernel/kernel.ts';
import type { Aggregator } from './aggregator.ts';
import { type MeanState, mean } from './mean.ts';

// Sun, Kairouz, Suresh, McMahan: "Can You Really Backdoor Federated Learning?", 2019, section 4 (norm thresholding of
// updates). One malicious update of n moves the mean by C / n at most; it does not stop a backdoor that fits into that.

export interface NormBoundSettings {
  /** C, the L2 norm that an update counts with at most. */
  readonly norm: number;
}

/** The mean of xᵢ · min(1, C / ‖xᵢ‖), folded one update at a time; each is held whole, since its norm comes first. */
export const normBound = ({ norm: bound }: NormBoundSettings): Aggregator<MeanState> => ({
  name: 'norm-bound',
  init: mean.init,
  add(state, { delta, weight }) {
    const factor = Math.min(1, bound / kernel.norm(delta.length, readFrom(toBytes(delta))));
    const { sums } = mean.add(state, { delta, weight: weight * factor });
    return { sums, weight: state.weight + weight };
  },
  ...(mean.partial && { partial: mean.partial }),
  finish: mean.finish,
});
