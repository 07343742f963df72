import { initialMoments, type MomentsSettings, momentsStep } from './moments.ts';
import type { ServerOptimizer } from './optimizer.ts';

// Reddi, Charles, Zaheer, Garrett, Rush, Konečný, Kumar, McMahan: "Adaptive Federated Optimization", ICLR 2021,
// Algorithm 2, FedYogi: v ← v − (1 − β₂) · g² · sign(v − g²). A step changes v by (1 − β₂) · g² at most, so that one round
// of small changes does not make the next rounds' steps large.

export interface YogiSettings extends MomentsSettings {
  readonly name: 'yogi';
}

/** Yogi on the server; η_s is 0.01 by default. */
export const yogi: ServerOptimizer<YogiSettings> = {
  name: 'yogi',
  init: initialMoments,
  apply: (params, gradient, state, settings) =>
    momentsStep(
      params,
      gradient,
      state,
      settings,
      (v, square, beta2) => v - (1 - beta2) * square * Math.sign(v - square),
    ),
};
