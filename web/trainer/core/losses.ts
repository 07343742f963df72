import {
  abs,
  argMax,
  cast,
  customGrad,
  div,
  equal,
  exp,
  expandDims,
  type GradSaveFunc,
  log,
  max,
  mul,
  reshape,
  type Scalar,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import type { ClientPlan } from '../../../shared/task/spec.ts';

/**
 * Σ weightᵢ · lossᵢ over the rows of a batch, a scalar. `outputs` is what the model ends in: logits for categorical
 * crossentropy (the model's softmax is part of the loss, so that no probability is ever rounded to zero before its
 * logarithm), the outputs themselves for mean squared error.
 */
export type Loss = (outputs: Tensor2D, targets: Tensor2D, weights: Tensor1D) => Scalar;

/**
 * −log softmax(logits)[label] = log Σ exp(z) − z[label], with z = logits − max(logits).
 * Its gradient is weight · (softmax(logits) − target): written out, because it needs a third of the device programs
 * of the derived one.
 */
const categoricalCrossentropy: Loss = (outputs, targets, weights) => {
  const weigh = customGrad((...inputs: (Tensor | GradSaveFunc)[]) => {
    const [logits, save] = inputs as [Tensor2D, GradSaveFunc];
    const shifted = sub(logits, max(logits, -1, true));
    const exponentials = exp(shifted);
    const total = sum(exponentials, -1, true) as Tensor2D;
    const losses = sub(log(reshape(total, [-1])), sum(mul(shifted, targets), -1));
    save([div(exponentials, total)]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor => {
      const [probabilities] = saved as [Tensor2D];
      return mul(mul(sub(probabilities, targets), expandDims(weights, -1)), dy);
    };
    return { value: sum(mul(losses, weights)), gradFunc };
  });
  return weigh(outputs) as Scalar;
};

/**
 * Mean over the outputs of (output − target)², as Keras has it. Its gradient is 2 · weight · (output − target) ÷ outputs:
 * written out for the same reason.
 */
const meanSquaredError: Loss = (outputs, targets, weights) => {
  const weigh = customGrad((...inputs: (Tensor | GradSaveFunc)[]) => {
    const [answers, save] = inputs as [Tensor2D, GradSaveFunc];
    const differences = sub(answers, targets);
    const weighted = mul(differences, expandDims(div(weights, outputs.shape[1]), -1));
    save([weighted]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor => mul(saved[0] as Tensor, mul(dy, 2));
    return { value: sum(mul(weighted, differences)), gradFunc };
  });
  return weigh(outputs) as Scalar;
};

export const LOSSES: Readonly<Record<ClientPlan['loss'], Loss>> = { categoricalCrossentropy, meanSquaredError };

/** Σ weightᵢ · |outputᵢ − targetᵢ| of a model with one output. */
export const absoluteErrorOf: Loss = (outputs, targets, weights) =>
  sum(mul(reshape(abs(sub(outputs, targets)), [-1]), weights)) as Scalar;

/** Σ weightᵢ over the rows whose largest output is at the label. */
export const accuracyOf: Loss = (outputs, targets, weights) =>
  sum(mul(cast(equal(argMax(outputs, -1), argMax(targets, -1)), 'float32'), weights)) as Scalar;
