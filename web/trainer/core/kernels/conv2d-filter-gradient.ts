import { backend_util, Conv2DBackpropFilter, type Conv2DBackpropFilterAttrs } from '@tensorflow/tfjs-core';
import { argumentsOf } from './code/window.ts';
import { inputsOf, type Kernel } from './kernel.ts';
import { product, rowMajor, transposed } from './product.ts';
import { blocksOf, geometryOf, patchesBytes } from './windows.ts';

/** dW = Σ patchesᵀ · dy, with patches of the images as rows: (taps × positions) · (positions × filters). */
export const conv2dFilterGradient: Kernel = {
  name: Conv2DBackpropFilter,
  run(call) {
    const { native } = call;
    const [x, dy] = inputsOf(call, 'x', 'dy');
    const attrs = call.attrs as unknown as Conv2DBackpropFilterAttrs;
    const { strides, pad, dimRoundingMode, filterShape } = attrs;
    const format = backend_util.convertConv2DDataFormat(attrs.dataFormat);
    const shape = x.shape as [number, number, number, number];
    const info = backend_util.computeConv2DInfo(shape, filterShape, strides, 1, pad, dimRoundingMode, false, format);
    const geometry = geometryOf(info);
    const taps = info.filterHeight * info.filterWidth * info.inChannels;
    const filters = info.outChannels;
    const gradient = native.output(filterShape, 'zeros');
    const to = rowMajor(native.addressOf(gradient), filters);
    const blocks = blocksOf(geometry, taps);
    native.withScratch(patchesBytes(blocks, taps), (patches) => {
      for (const { part, first, count } of blocks) {
        native.call.gather(native.addressOf(x), patches, ...argumentsOf(part));
        const given = rowMajor(native.addressOf(dy) + 4 * first * filters, filters);
        const sizes = { rows: taps, depth: count, columns: filters };
        product(native, transposed(rowMajor(patches, taps)), given, to, sizes, true);
      }
    });
    return gradient;
  },
};
