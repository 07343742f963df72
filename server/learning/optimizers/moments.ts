import { assert } from '../../../shared/assert.ts';
import type { OptimizerState, OptimizerStep } from './optimizer.ts';

/** What FedAdam and FedYogi have in common (Reddi et al., ICLR 2021, Algorithm 2): all but the rule of v. */
export interface MomentsSettings {
  /** Server learning rate η_s. */
  readonly learningRate: number;
  /** β₁ of m; 0.9 by default. */
  readonly beta1: number;
  /** β₂ of v; 0.99 by default, as in the paper. Its authors' published experiment settings have 0.999. */
  readonly beta2: number;
  /** τ, how little adaptive the steps are; 0.001 by default. */
  readonly tau: number;
  /**
   * Multiplies η_s by √(1 − β₂ᵗ) / (1 − β₁ᵗ) in step t = 1, 2, … (Kingma and Ba 2015). Off by default: Reddi et al. do
   * without, since v begins at τ² and not at 0. Some frameworks have it on: results with and without differ, so name it.
   */
  readonly biasCorrection: boolean;
}

/** The state: m, v (from τ² on), and the number of steps, which float32 counts up to 2²⁴: 2 · values + 1. */
export function initialMoments(values: number, { tau }: Pick<MomentsSettings, 'tau'>): Float32Array {
  const state = new Float32Array(2 * values + 1);
  state.fill(tau * tau, values, 2 * values);
  return state;
}

/** m ← β₁ · m + (1 − β₁) · g, v by its rule from v and g², x ← x − η_s · m / (√v + τ). */
export function momentsStep(
  params: Float32Array,
  gradient: Float64Array,
  state: OptimizerState,
  { learningRate, beta1, beta2, tau, biasCorrection }: MomentsSettings,
  secondMoment: (v: number, square: number, beta2: number) => number,
): OptimizerStep {
  const values = params.length;
  assert(values === gradient.length && state?.length === 2 * values + 1, 'vectors differ in length');
  const next = new Float32Array(values);
  const moments = new Float32Array(state.length);
  const step = (state[2 * values] as number) + 1;
  moments[2 * values] = step;
  const correction = biasCorrection ? Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step) : 1;
  const rate = learningRate * correction;
  for (let i = 0; i < values; i++) {
    const g = gradient[i] as number;
    const m = beta1 * (state[i] as number) + (1 - beta1) * g;
    const v = secondMoment(state[values + i] as number, g * g, beta2);
    moments[i] = m;
    moments[values + i] = v;
    next[i] = (params[i] as number) - (rate * m) / (Math.sqrt(v) + tau);
  }
  return { params: next, state: moments };
}
