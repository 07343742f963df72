import { assert } from '../../../shared/assert.ts';
import type { ServerOptimizer } from './optimizer.ts';

// McMahan, Moore, Ramage, Hampson, Agüera y Arcas: "Communication-Efficient Learning of Deep Networks from Decentralized Data",
// AISTATS 2017, algorithm 1; the server's rate is of Reddi et al., ICLR 2021, algorithm 1 (SERVEROPT = SGD).

export interface SgdSettings {
  readonly name: 'sgd';
  /** Server learning rate η_s; 1 gives FedAvg as published. */
  readonly learningRate: number;
}

/** x ← x − η_s · g, in Float64, rounded to float32 once. With η_s = 1 it adds the mean delta. */
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
