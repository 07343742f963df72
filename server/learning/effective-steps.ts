import { assert } from '../../shared/assert.ts';
import type { ClientPlan } from '../../shared/task/spec.ts';

/**
 * ‖a_i‖₁ of FedNova (Wang et al., NeurIPS 2020, arXiv:2007.07481, §3.2 and §4): how far τ local steps of this plan go, in
 * steps of plain SGD: the sum over the local gradients of what each weighs in the delta, divided by the learning rate.
 *
 * | client | ‖a‖₁ |
 * |---|---|
 * | plain SGD | τ |
 * | momentum ρ | [τ − ρ(1 − ρ^τ)/(1 − ρ)] / (1 − ρ) |
 * | prox, α = ημ ≤ 1 | (1 − (1 − α)^τ) / α |
 *
 * Momentum together with prox has no form here (its weights change their signs); the table of compatibility refuses it.
 */
export function effectiveSteps(
  { work, optimizer, momentum: rho = 0, mu = 0, learningRate }: ClientPlan,
  steps: number,
): number {
  assert(Number.isInteger(steps) && steps > 0, 'a report has taken a step');
  if (optimizer === 'momentum') return (steps - (rho * (1 - rho ** steps)) / (1 - rho)) / (1 - rho);
  const alpha = work === 'prox' ? learningRate * mu : 0;
  return alpha === 0 ? steps : (1 - (1 - alpha) ** steps) / alpha;
}
