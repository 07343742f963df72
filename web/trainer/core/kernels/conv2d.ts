import { backend_util, Conv2D, type Conv2DAttrs, FusedConv2D, type TensorInfo } from '@tensorflow/tfjs-core';
import { finished } from './activation.ts';
import { argumentsOf } from './code/window.ts';
import { inputsOf, type Kernel, type KernelCall } from './kernel.ts';
import { product, rowMajor } from './product.ts';
import { blocksOf, geometryOf, patchesBytes } from './windows.ts';

/**
 * patches · W, (positions × taps) · (taps × filters). That of TF.js answers wrongly and writes beyond its tensors where
 * strides are larger than windows, or padding as large.
 */
export const conv2d: Kernel = { name: Conv2D, run: (call) => convolved(call) ?? call.stock() };

export const fusedConv2d: Kernel = {
  name: FusedConv2D,
  run(call) {
    const result = convolved(call);
    return result === undefined ? call.stock() : finished(call, result);
  },
};

/** Undefined for dilated windows, which have no gradient in TF.js: they are left to it. */
function convolved(call: KernelCall): TensorInfo | undefined {
  const { native } = call;
  const [x, filter] = inputsOf(call, 'x', 'filter');
  const attrs = call.attrs as unknown as Conv2DAttrs;
  const { strides, pad, dilations, dimRoundingMode } = attrs;
  const format = backend_util.convertConv2DDataFormat(attrs.dataFormat);
  const [shape, filterShape] = [x.shape, filter.shape] as [
    [number, number, number, number],
    [number, number, number, number],
  ];
  const info = backend_util.computeConv2DInfo(
    shape,
    filterShape,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
    format,
  );
  if (info.dilationHeight > 1 || info.dilationWidth > 1) return;
  const taps = info.filterHeight * info.filterWidth * info.inChannels;
  const filters = info.outChannels;
  const blocks = blocksOf(geometryOf(info), taps);
  const result = native.output(info.outShape);
  const weights = rowMajor(native.addressOf(filter), filters);
  native.withScratch(patchesBytes(blocks, taps), (patches) => {
    for (const { part, first, count } of blocks) {
      native.call.gather(native.addressOf(x), patches, ...argumentsOf(part));
      const to = rowMajor(native.addressOf(result) + 4 * first * filters, filters);
      product(native, rowMajor(patches, taps), weights, to, { rows: count, depth: taps, columns: filters });
    }
  });
  return result;
}
