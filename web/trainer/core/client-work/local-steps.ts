import { type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { planSteps } from '../../../../shared/task/plan-steps.ts';
import type { ClientPlan } from '../../../../shared/task/spec.ts';
import { batchesOf, shuffled } from '../batches.ts';
import { descentOf } from './descent.ts';
import type { WorkJob } from './work.ts';

/** Steps of local SGD, and as many batches. */
export function localAmount(plan: ClientPlan, count: number) {
  const steps = planSteps(plan, count);
  return { steps, batches: steps };
}

/**
 * The loop of every local SGD (McMahan et al., AISTATS 2017, algorithm 1, ClientUpdate): repeat `epochs` times, or until `maxSteps`: shuffle; for each batch one step of the client
 * optimizer along `direction`, which makes of the gradient of the batch what the client work steps along.
 */
export function* localSteps(
  { model, examples, plan, seed }: WorkJob,
  direction: (gradient: readonly Tensor[]) => readonly Tensor[] = (gradient) => gradient,
): Generator<Scalar, void, void> {
  const descent = descentOf(model, plan);
  try {
    let left = localAmount(plan, examples.count).steps;
    for (let epoch = 0; left > 0; epoch++) {
      for (const batch of batchesOf(examples, shuffled(examples.count, seed, epoch), plan.batchSize)) {
        yield tidy((): Scalar => {
          const { loss, gradient } = model.gradient(batch);
          descent.step(direction(gradient));
          return loss;
        });
        if (--left === 0) return;
      }
    }
  } finally {
    descent.dispose();
  }
}
