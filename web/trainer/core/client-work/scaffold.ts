import { add, dispose, type Tensor } from '@tensorflow/tfjs-core';
import { localAmount, localSteps } from './local-steps.ts';
import type { ClientWork } from './work.ts';

/**
 * Local steps of SCAFFOLD (Karimireddy et al., ICML 2020, arXiv:1910.06378, algorithm 1):
 * y ← y − η (∇F_i(y) − c_i + c), with the correction c − c_i the same in all of them; 0 where none is given.
 */
export const scaffold: ClientWork = {
  name: 'scaffold',
  amount: localAmount,
  *run(job) {
    if (job.correction === undefined) return yield* localSteps(job);
    const correction = job.model.upload(job.correction);
    try {
      yield* localSteps(job, (gradient) => gradient.map((part, index) => add(part, correction[index] as Tensor)));
    } finally {
      dispose([...correction]);
    }
  },
};
