import { localAmount } from './local-steps.ts';
import { pulledSteps } from './pull.ts';
import type { ClientWork } from './work.ts';

/**
 * The personal step of Ditto (Li et al., ICML 2021, arXiv:2012.04221, algorithm 1). The model v of one contributor solves
 * min F(v) + λ/2 ‖v − w‖², with w the shared model: for each batch, v ← v − η (∇F(v) + λ (v − w)). λ = 0 is plain
 * fine-tuning, to the bit what `sgd` does. No task asks for it: what comes of it never leaves the device.
 */
export const ditto = (anchor: Float32Array, lambda: number): ClientWork => ({
  name: 'ditto',
  amount: localAmount,
  run: (job) => pulledSteps(job, anchor, lambda),
});
