import { localAmount } from './local-steps.ts';
import { pulledSteps } from './pull.ts';
import type { ClientWork } from './work.ts';

/**
 * FedProx (Li et al., MLSys 2020, arXiv:1812.06127, algorithm 2): local SGD on F(w) + μ/2 ‖w − x‖², with x the global
 * weights that the assignment began with: w ← w − η (∇F(w) + μ (w − x)). μ = 0 is FedAvg, to the bit. The paper's grid for
 * μ is 0.001, 0.01, 0.1, 1.
 */
export const prox: ClientWork = {
  name: 'prox',
  amount: localAmount,
  run: (job) => pulledSteps(job, job.params, job.plan.mu ?? 0),
};
