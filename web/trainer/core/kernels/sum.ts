import { Sum, type SumAttrs, util } from '@tensorflow/tfjs-core';
import { inputsOf, type Kernel } from './kernel.ts';

/** Sums over leading dimensions, as of a bias' gradient, row by row; TF.js transposes first. Other sums are left to it. */
export const sum: Kernel = {
  name: Sum,
  run(call) {
    const { native } = call;
    const [x] = inputsOf(call, 'x');
    const { axis, keepDims } = call.attrs as unknown as SumAttrs;
    const axes = util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
    const isLeading = axes.every((axis, index) => axis === index) && axes.length < x.shape.length;
    if (x.dtype !== 'float32' || !isLeading) return call.stock();
    const kept = x.shape.slice(axes.length);
    const result = native.output(keepDims ? [...axes.map(() => 1), ...kept] : kept, 'zeros');
    const rows = util.sizeFromShape(x.shape.slice(0, axes.length));
    native.call.sumRows(native.addressOf(result), native.addressOf(x), rows, util.sizeFromShape(kept));
    return result;
  },
};
