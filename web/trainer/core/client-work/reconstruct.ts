import { type Scalar, tidy } from '@tensorflow/tfjs-core';
import { seededRng, shuffle } from '../../../../shared/rng.ts';
import { planSteps } from '../../../../shared/task/plan-steps.ts';
import { batchesOf } from '../batches.ts';
import { tastesOf } from '../taste.ts';
import { descentOf } from './descent.ts';
import type { ClientWork } from './work.ts';

/**
 * Federated reconstruction (`taste.ts`): the person's taste is solved for out of one half of the ratings, with the factors
 * as they came; then the factors take gradient steps on the other half, the taste as it is. Only the factors are in the
 * model, so only they can be sent: the taste is a local of this function.
 */
export const reconstruct: ClientWork = {
  name: 'reconstruct',
  amount(plan, count) {
    const steps = planSteps(plan, count - (count >> 1));
    return { steps, batches: steps };
  },
  *run({ model, params, examples, plan, seed }) {
    const tastes = tastesOf({ params, width: model.outputs }, examples, seed);
    const descent = descentOf(model, plan);
    try {
      let left = plan.maxSteps ?? Number.POSITIVE_INFINITY;
      const epochs = plan.maxSteps === undefined ? (plan.epochs ?? 1) : Number.POSITIVE_INFINITY;
      for (let epoch = 0; epoch < epochs && left > 0; epoch++) {
        const order = shuffle(tastes.order.slice(), seededRng(seed, 1_000_000 + epoch));
        for (const batch of batchesOf(examples, order, plan.batchSize, tastes)) {
          yield tidy((): Scalar => {
            const { loss, gradient } = model.gradient(batch);
            descent.step(gradient);
            return loss;
          });
          if (--left === 0) return;
        }
      }
    } finally {
      descent.dispose();
    }
  },
};
