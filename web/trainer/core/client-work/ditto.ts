import { add, dispose, mul, type Scalar, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { batchesOf, shuffled } from '../batches.ts';
import { sgd } from './sgd.ts';
import type { ClientWork } from './work.ts';

/**
 * The personal step of Ditto (Li et al., ICML 2021, arXiv:2012.04221, algorithm 1). The model v of one contributor solves
 * min F(v) + λ/2 ‖v − w‖², with w the shared model: for each batch, v ← v − η (∇F(v) + λ (v − w)). λ = 0 is plain
 * fine-tuning, to the bit what `sgd` does. No task asks for it: what comes of it never leaves the device.
 */
export const ditto = (anchor: Float32Array, lambda: number): ClientWork => ({
  name: 'ditto',
  amount: sgd.amount,
  *run(job) {
    if (lambda === 0) return yield* sgd.run(job);
    const { model, examples, plan, seed } = job;
    const shared = model.upload(anchor);
    try {
      let left = sgd.amount(plan, examples.count).steps;
      for (let epoch = 0; left > 0; epoch++) {
        for (const batch of batchesOf(examples, shuffled(examples.count, seed, epoch), plan.batchSize)) {
          yield tidy((): Scalar => {
            const { loss, gradient } = model.gradient(batch);
            const weight = scalar(lambda);
            const pull = model.offset(shared);
            const step = gradient.map((part, index) => add(part, mul(pull[index] as Tensor, weight)));
            model.descend(step, plan.learningRate);
            return loss;
          });
          if (--left === 0) return;
        }
      }
    } finally {
      dispose([...shared]);
    }
  },
});
