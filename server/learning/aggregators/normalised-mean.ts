import { assert } from '../../../shared/assert.ts';
import { kernel } from '../kernel/index.ts';
import type { Sums } from '../kernel/kernel.ts';
import { addDoubles } from '../kernel/merge.ts';
import { type Addend, type Aggregator, addendOf, type Counting, numbersOf } from './aggregator.ts';

// Wang, Liu, Liang, Joshi, Poor: "Tackling the Objective Inconsistency Problem in Heterogeneous Federated Optimization",
// NeurIPS 2020, arXiv:2007.07481, equation 7 with τ_eff = Σ p_i ‖a_i‖₁, written for deltas:
// D = τ_eff · Σ p_i · delta_i / ‖a_i‖₁ with p_i = weight_i / Σ weight over the clients counted in this round.
//
// The steps are what the client says it took. Whoever says that fewer were taken than were weighs more.

export interface NormalisedState {
  /** Σ weight_i · (r / ‖a_i‖₁) · delta_i, with r the ‖a‖₁ of the first: equal steps make every factor exactly 1. */
  readonly sums: Sums;
  /** Σ weight_i */
  readonly weight: number;
  /** Σ weight_i · ‖a_i‖₁ / r */
  readonly steps: number;
  /** r; 0 while nothing was added. */
  readonly reference: number;
}

function addStream(state: NormalisedState, addend: Addend, { weight, steps }: Counting): NormalisedState {
  assert(Number.isFinite(weight) && weight > 0, 'a weight is a number above 0');
  assert(steps !== undefined && Number.isFinite(steps) && steps > 0, 'steps are a number above 0');
  const reference = state.reference === 0 ? steps : state.reference;
  addend(state.sums, weight * (reference / steps));
  return {
    sums: state.sums,
    weight: state.weight + weight,
    steps: state.steps + weight * (steps / reference),
    reference,
  };
}

/** The mean of FedNova, folded one update at a time in Float64. Of equal steps it is `mean`, to the last bit. */
export const normalisedMean: Aggregator<NormalisedState> = {
  name: 'normalised-mean',
  init: (values) => ({ sums: kernel.sums(values), weight: 0, steps: 0, reference: 0 }),
  add: (state, { delta, ...counting }) => addStream(state, addendOf(delta), counting),
  addStream,
  isScaledSum: true,
  partial: {
    of: ({ sums, ...rest }) => ({ values: sums.values, numbers: [rest.weight, rest.steps, rest.reference] }),
    merge(state, { numbers, read }) {
      const [weight, steps, of] = numbersOf(numbers, 3);
      const reference = state.reference === 0 ? of : state.reference;
      addDoubles(state.sums.values, read, reference / of);
      return {
        sums: state.sums,
        weight: state.weight + weight,
        steps: state.steps + steps * (of / reference),
        reference,
      };
    },
  },
  finish({ sums, weight, steps }) {
    assert(weight > 0, 'the mean of nothing');
    const effective = steps / weight;
    sums.divide(weight);
    const { values } = sums;
    for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * effective;
    return values;
  },
};
