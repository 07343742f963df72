import { backend_util, Conv2DBackpropInput, type Conv2DBackpropInputAttrs } from '@tensorflow/tfjs-core';
import { argumentsOf } from './code/window.ts';
import { inputsOf, type Kernel } from './kernel.ts';
import { product, rowMajor, transposed } from './product.ts';
import { blocksOf, geometryOf, patchesBytes } from './windows.ts';

/** dx = dy · Wᵀ, (positions × filters) · (filters × taps): patches that are added back to where they were taken from. */
export const conv2dInputGradient: Kernel = {
  name: Conv2DBackpropInput,
  run(call) {
    const { native } = call;
    const [dy, filter] = inputsOf(call, 'dy', 'filter');
    const attrs = call.attrs as unknown as Conv2DBackpropInputAttrs;
    const { strides, pad, dimRoundingMode, inputShape } = attrs;
    const format = backend_util.convertConv2DDataFormat(attrs.dataFormat);
    const shape = filter.shape as [number, number, number, number];
    const info = backend_util.computeConv2DInfo(inputShape, shape, strides, 1, pad, dimRoundingMode, false, format);
    const geometry = geometryOf(info);
    const taps = info.filterHeight * info.filterWidth * info.inChannels;
    const filters = info.outChannels;
    const gradient = native.output(inputShape, 'zeros');
    const weights = transposed(rowMajor(native.addressOf(filter), filters));
    const blocks = blocksOf(geometry, taps);
    native.withScratch(patchesBytes(blocks, taps), (patches) => {
      for (const { part, first, count } of blocks) {
        const given = rowMajor(native.addressOf(dy) + 4 * first * filters, filters);
        product(native, given, weights, rowMajor(patches, taps), { rows: count, depth: filters, columns: taps });
        native.call.scatter(native.addressOf(gradient), patches, ...argumentsOf(part));
      }
    });
    return gradient;
  },
};
