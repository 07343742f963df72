import { localAmount, localSteps } from './local-steps.ts';
import type { ClientWork } from './work.ts';

/**
 * Local SGD of FedAvg (McMahan et al., AISTATS 2017, algorithm 1): repeat `epochs` times, or until `maxSteps`: shuffle;
 * for each batch b, w ← w − η ∇loss(w; b), or the momentum step that the plan's optimizer asks for.
 */
export const sgd: ClientWork = {
  name: 'sgd',
  amount: localAmount,
  run: (job) => localSteps(job),
};
