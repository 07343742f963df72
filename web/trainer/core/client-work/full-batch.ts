import { add, dispose, mul, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { batchesOf, inOrder } from '../batches.ts';
import type { ClientWork } from './work.ts';

/**
 * FedSGD (McMahan et al., AISTATS 2017, E = 1 and B = ∞): one step along the gradient over all examples. The gradient is
 * summed batch by batch, weighted by the examples in each, so that memory does not grow with their number.
 */
export const fullBatch: ClientWork = {
  name: 'full-batch',
  amount: ({ batchSize }, count) => ({ steps: 1, batches: Math.ceil(count / batchSize) }),
  *run({ model, examples, plan }) {
    let total: Tensor[] = [];
    try {
      for (const batch of batchesOf(examples, inOrder(examples.count), plan.batchSize)) {
        const [loss, ...sums] = tidy(() => {
          const { loss, gradient } = model.gradient(batch);
          const share = scalar(batch.count / examples.count);
          const parts = gradient.map((part, index) => {
            const weighted = mul(part, share);
            const before = total[index];
            return before === undefined ? weighted : add(before, weighted);
          });
          return [loss, ...parts] as const;
        });
        dispose(total);
        total = sums;
        yield loss;
      }
      tidy(() => model.descend(total, plan.learningRate));
    } finally {
      dispose(total);
    }
  },
};
