import { Add, Elu, LeakyRelu, Prelu, Relu, Relu6, Sigmoid, type TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelCall } from './kernel.ts';

/** The kernels behind the activations that TF.js fuses with a product or a convolution. */
const ACTIVATIONS = {
  relu: Relu,
  relu6: Relu6,
  sigmoid: Sigmoid,
  elu: Elu,
  leakyrelu: LeakyRelu,
  prelu: Prelu,
} as const;

interface FusedAttrs {
  readonly activation: 'linear' | keyof typeof ACTIVATIONS;
  readonly leakyreluAlpha?: number;
}

/** activation(x + bias) as the call to a fused kernel has them; x is used up. */
export function finished(call: KernelCall, x: TensorInfo): TensorInfo {
  const { bias, preluActivationWeights } = call.inputs;
  const { activation, leakyreluAlpha = 0.2 } = call.attrs as unknown as FusedAttrs;
  const sum = bias === undefined ? x : replaced(call, x, () => call.run(Add, { a: x, b: bias }));
  if (activation === 'linear') return sum;
  const inputs = activation === 'prelu' ? { x: sum, alpha: preluActivationWeights as TensorInfo } : { x: sum };
  return replaced(call, sum, () => call.run(ACTIVATIONS[activation], inputs, { alpha: leakyreluAlpha }));
}

function replaced({ backend }: KernelCall, before: TensorInfo, by: () => TensorInfo): TensorInfo {
  try {
    return by();
  } finally {
    backend.disposeData(before.dataId);
  }
}
