import { assert } from '../../../shared/assert.ts';
import type { ServerOptimizer } from './optimizer.ts';

export interface SgdSettings {
  readonly name: 'sgd';
  /** Server learning rate η_s; 1 gives FedAvg as published. */
  readonly learningRate: number;
}

/** x ← x − η_s · g, in Float64, rounded to float32 once. With η_s = 1 it adds the mean delta (McMahan et al. 2017). */
export const sgd = {
  name: 'sgd',
  init: () => null,
  apply(params, gradient, state, { learningRate }) {
    assert(params.length === gradient.length, 'vectors differ in length');
    const next = new Float32Array(params.length);
    for (let i = 0; i < next.length; i++) next[i] = (params[i] as number) - learningRate * (gradient[i] as number);
    return { params: next, state };
  },
} as const satisfies ServerOptimizer<SgdSettings>;
