import { assert } from '../../../shared/assert.ts';
import { kernel } from '../kernel/index.ts';
import { addendOf, type BatchAggregator } from './aggregator.ts';
import { distanceTo } from './distance.ts';

// Karimireddy, He, Jaggi: "Learning from History for Byzantine Robust Optimization", ICML 2021, Algorithm 2 (centered
// clipping). Their guarantee asks for worker momentum too: what each client sends is an average of its own changes over the rounds, so that
// honest reports lie close together and an attacker has to show itself. That is `client.reportMomentum` of a task (`shared/codec/report-momentum.ts`), which is
// not set by itself; `client.optimizer: momentum` is another thing, and begins anew with each assignment. The server's v goes on from round to round.

export interface CenteredClippingSettings {
  /** τ: how far from the centre an update counts in full; about the spread of honest ones. */
  readonly radius: number;
  /** L, passes of a round; 1 by default, as the centre goes on from round to round. */
  readonly passes: number;
}

/** v ← v + (1/n) · Σ (xᵢ − v) · min(1, τ / ‖xᵢ − v‖), `passes` times; v is what the round before came to, at first 0. */
export const centeredClipping = ({ radius, passes }: CenteredClippingSettings): BatchAggregator => ({
  name: 'centered-clipping',
  carries: true,
  apply(updates, previous) {
    const { count, values } = updates;
    assert(count > 0, 'centered clipping of nothing');
    assert(previous === null || previous.length === values, 'vectors differ in length');
    const centre = previous === null ? new Float64Array(values) : Float64Array.from(previous);
    const sums = kernel.sums(values);
    for (let pass = 0; pass < passes; pass++) {
      sums.values.fill(0);
      let factors = 0;
      for (let index = 0; index < count; index++) {
        const delta = updates.read(index);
        const factor = Math.min(1, radius / distanceTo(delta, centre));
        addendOf(delta)(sums, factor);
        factors += factor;
      }
      // Σ fᵢ · (xᵢ − v) = Σ fᵢ · xᵢ − v · Σ fᵢ
      for (let i = 0; i < values; i++) {
        const v = centre[i] as number;
        centre[i] = v + ((sums.values[i] as number) - factors * v) / count;
      }
    }
    return centre;
  },
});
