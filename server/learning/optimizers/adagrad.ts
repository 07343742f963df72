import { assert } from '../../../shared/assert.ts';
import type { ServerOptimizer } from './optimizer.ts';

// Reddi, Charles, Zaheer, Garrett, Rush, Konečný, Kumar, McMahan: "Adaptive Federated Optimization", ICLR 2021,
// Algorithm 2, FedAdagrad, with the paper's own β₁ = 0: m is the pseudo-gradient itself.

export interface AdagradSettings {
  readonly name: 'adagrad';
  /** Server learning rate η_s; 0.1 by default. */
  readonly learningRate: number;
  /** τ, how little adaptive the first steps are; 0.001 by default. */
  readonly tau: number;
}

/** v ← v + g², x ← x − η_s · g / (√v + τ). State: v, `values` values from τ² on. */
export const adagrad: ServerOptimizer<AdagradSettings> = {
  name: 'adagrad',
  init: (values, { tau }) => new Float32Array(values).fill(tau * tau),
  apply(params, gradient, state, { learningRate, tau }) {
    const values = params.length;
    assert(values === gradient.length && values === state?.length, 'vectors differ in length');
    const next = new Float32Array(values);
    const squares = new Float32Array(values);
    for (let i = 0; i < values; i++) {
      const g = gradient[i] as number;
      const v = (state[i] as number) + g * g;
      squares[i] = v;
      next[i] = (params[i] as number) - (learningRate * g) / (Math.sqrt(v) + tau);
    }
    return { params: next, state: squares };
  },
};
