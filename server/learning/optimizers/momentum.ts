import { assert } from '../../../shared/assert.ts';
import type { ServerOptimizer } from './optimizer.ts';

// Hsu, Qi, Brown: "Measuring the Effects of Non-Identical Data Distribution for Federated Visual Classification", 2019,
// section 4 (FedAvgM). Nesterov's form is that of Sutskever, Martens, Dahl, Hinton, ICML 2013, rewritten for the point
// from which the clients train.

export interface MomentumSettings {
  readonly name: 'momentum';
  /** Server learning rate η_s. The pace in the long run is η_s / (1 − β): lower it where β is raised. */
  readonly learningRate: number;
  /** β, from 0 to below 1; 0 is FedAvg. */
  readonly beta: number;
  /** Looks one step of v ahead instead of taking v as it is (the heavy ball). */
  readonly nesterov: boolean;
}

/** v ← β · v + g, then x ← x − η_s · v, or with Nesterov x ← x − η_s · (β · v + g). State: v, `values` values. */
export const momentum: ServerOptimizer<MomentumSettings> = {
  name: 'momentum',
  init: (values) => new Float32Array(values),
  apply(params, gradient, state, { learningRate, beta, nesterov }) {
    const values = params.length;
    assert(values === gradient.length && values === state?.length, 'vectors differ in length');
    const next = new Float32Array(values);
    const velocity = new Float32Array(values);
    for (let i = 0; i < values; i++) {
      const g = gradient[i] as number;
      const v = beta * (state[i] as number) + g;
      velocity[i] = v;
      next[i] = (params[i] as number) - learningRate * (nesterov ? beta * v + g : v);
    }
    return { params: next, state: velocity };
  },
};
