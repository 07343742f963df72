import { type Scalar, tidy } from '@tensorflow/tfjs-core';
import { batchesOf, shuffled } from '../batches.ts';
import type { ClientWork } from './work.ts';

/**
 * Local SGD of FedAvg (McMahan et al., AISTATS 2017, algorithm 1): repeat `epochs` times, or until `maxSteps`: shuffle;
 * for each batch b, w ← w − η ∇loss(w; b).
 */
export const sgd: ClientWork = {
  name: 'sgd',
  amount({ epochs = 1, maxSteps, batchSize }, count) {
    const steps = maxSteps ?? epochs * Math.ceil(count / batchSize);
    return { steps, batches: steps };
  },
  *run({ model, examples, plan, seed }) {
    let left = sgd.amount(plan, examples.count).steps;
    for (let epoch = 0; left > 0; epoch++) {
      const order = shuffled(examples.count, seed, epoch);
      for (const batch of batchesOf(examples, order, plan.batchSize)) {
        yield tidy((): Scalar => {
          const { loss, gradient } = model.gradient(batch);
          model.descend(gradient, plan.learningRate);
          return loss;
        });
        if (--left === 0) return;
      }
    }
  },
};
