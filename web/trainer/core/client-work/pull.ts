import { add, dispose, mul, type Scalar, scalar, type Tensor } from '@tensorflow/tfjs-core';
import { localSteps } from './local-steps.ts';
import type { WorkJob } from './work.ts';

/**
 * Local steps along ∇F(w) + strength · (w − anchor): the proximal term of FedProx (Li et al., MLSys 2020, arXiv:1812.06127,
 * algorithm 2), where the anchor is what the assignment began with, and that of Ditto (Li et al., ICML 2021, arXiv:2012.04221,
 * algorithm 1), where it is the shared model. A strength of 0 is plain SGD, to the bit.
 */
export function* pulledSteps(job: WorkJob, anchor: Float32Array, strength: number): Generator<Scalar, void, void> {
  if (strength === 0) return yield* localSteps(job);
  const { model } = job;
  const held = model.upload(anchor);
  try {
    yield* localSteps(job, (gradient) => {
      const weight = scalar(strength);
      const offset = model.offset(held);
      return gradient.map((part, index) => add(part, mul(offset[index] as Tensor, weight)));
    });
  } finally {
    dispose([...held]);
  }
}
