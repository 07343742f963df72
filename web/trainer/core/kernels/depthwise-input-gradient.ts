import {
  backend_util,
  DepthwiseConv2dNativeBackpropInput,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  Sum,
} from '@tensorflow/tfjs-core';
import { argumentsOf } from './code/window.ts';
import { inputsOf, type Kernel } from './kernel.ts';
import { geometryOf } from './windows.ts';

/** Σ over taps of dy · filter, channel by channel; then over the outputs of each channel, where it has several. */
export const depthwiseInputGradient: Kernel = {
  name: DepthwiseConv2dNativeBackpropInput,
  run(call) {
    const { native, backend } = call;
    const [dy, filter] = inputsOf(call, 'dy', 'filter');
    const attrs = call.attrs as unknown as DepthwiseConv2dNativeBackpropInputAttrs;
    const { strides, pad, dimRoundingMode, inputShape } = attrs;
    const shape = filter.shape as [number, number, number, number];
    const info = backend_util.computeConv2DInfo(inputShape, shape, strides, 1, pad, dimRoundingMode, true);
    const [batch, height, width, channels] = inputShape;
    const each = info.outChannels / channels;
    const gradient = native.output([batch, height, width, info.outChannels], 'zeros');
    const geometry = { ...geometryOf(info), channels: info.outChannels };
    const [image, weights, given] = [gradient, filter, dy].map(native.addressOf) as [number, number, number];
    native.call.depthwiseInput(image, weights, given, ...argumentsOf(geometry));
    if (each === 1) return gradient;
    const apart = { ...gradient, shape: [...inputShape, each] };
    const sum = call.run(Sum, { x: apart }, { axis: [4], keepDims: false });
    backend.disposeData(gradient.dataId);
    return sum;
  },
};
