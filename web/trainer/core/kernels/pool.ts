import { AvgPool, type AvgPoolAttrs, backend_util, MaxPool } from '@tensorflow/tfjs-core';
import { argumentsOf } from './code/window.ts';
import { inputsOf, type Kernel, type KernelCall } from './kernel.ts';
import { geometryOf } from './windows.ts';

/** Those of TF.js write beyond their tensors where strides are larger than windows, or padding as large. */
export const maxPool: Kernel = { name: MaxPool, run: (call) => pooled(call, 'maxPool') };
export const avgPool: Kernel = { name: AvgPool, run: (call) => pooled(call, 'avgPool') };

function pooled(call: KernelCall, kind: 'maxPool' | 'avgPool') {
  const { native } = call;
  const [x] = inputsOf(call, 'x');
  const { filterSize, strides, pad, dimRoundingMode } = call.attrs as unknown as AvgPoolAttrs;
  const shape = x.shape as [number, number, number, number];
  const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const result = native.output(info.outShape);
  native.call[kind](native.addressOf(x), native.addressOf(result), ...argumentsOf(geometryOf(info)));
  return result;
}
