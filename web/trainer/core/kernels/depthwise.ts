import {
  backend_util,
  DepthwiseConv2dNative,
  type DepthwiseConv2dNativeAttrs,
  FusedDepthwiseConv2D,
  type TensorInfo,
  Tile,
} from '@tensorflow/tfjs-core';
import { finished } from './activation.ts';
import { argumentsOf } from './code/window.ts';
import { inputsOf, type Kernel, type KernelCall } from './kernel.ts';
import { geometryOf } from './windows.ts';

/** Each channel with filters of its own. */
export const depthwise: Kernel = { name: DepthwiseConv2dNative, run: (call) => convolved(call) ?? call.stock() };

export const fusedDepthwise: Kernel = {
  name: FusedDepthwiseConv2D,
  run(call) {
    const result = convolved(call);
    return result === undefined ? call.stock() : finished(call, result);
  },
};

/** Undefined for dilated windows, which have no gradient in TF.js: they are left to it. */
function convolved(call: KernelCall): TensorInfo | undefined {
  const { native } = call;
  const [x, filter] = inputsOf(call, 'x', 'filter');
  const { strides, pad, dilations, dimRoundingMode } = call.attrs as unknown as DepthwiseConv2dNativeAttrs;
  const [shape, filterShape] = [x.shape, filter.shape] as [
    [number, number, number, number],
    [number, number, number, number],
  ];
  const info = backend_util.computeConv2DInfo(shape, filterShape, strides, dilations ?? 1, pad, dimRoundingMode, true);
  if (info.dilationHeight > 1 || info.dilationWidth > 1) return;
  const result = native.output(info.outShape, 'zeros');
  withChannels(call, x, info.outChannels, (image) => {
    const geometry = { ...geometryOf(info), channels: info.outChannels };
    native.call.depthwise(image, native.addressOf(filter), native.addressOf(result), ...argumentsOf(geometry));
  });
  return result;
}

/** The images with each channel as often, side by side, as there are filters for it. */
export function withChannels(call: KernelCall, x: TensorInfo, count: number, work: (image: number) => void): void {
  const { native, backend } = call;
  const each = count / (x.shape.at(-1) as number);
  const isRepeated = each > 1;
  const repeated = isRepeated
    ? call.run(Tile, { x: { ...x, shape: [...x.shape, 1] } }, { reps: [1, 1, 1, 1, each] })
    : x;
  work(native.addressOf(repeated));
  if (isRepeated) backend.disposeData(repeated.dataId);
}
