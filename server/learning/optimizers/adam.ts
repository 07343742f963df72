import { initialMoments, type MomentsSettings, momentsStep } from './moments.ts';
import type { ServerOptimizer } from './optimizer.ts';

// Reddi, Charles, Zaheer, Garrett, Rush, Konečný, Kumar, McMahan: "Adaptive Federated Optimization", ICLR 2021,
// Algorithm 2, FedAdam: v ← β₂ · v + (1 − β₂) · g².

export interface AdamSettings extends MomentsSettings {
  readonly name: 'adam';
}

/** Adam on the server; η_s is 0.1 by default. */
export const adam: ServerOptimizer<AdamSettings> = {
  name: 'adam',
  init: initialMoments,
  apply: (params, gradient, state, settings) =>
    momentsStep(params, gradient, state, settings, (v, square, beta2) => beta2 * v + (1 - beta2) * square),
};
