import {
  backend_util,
  DepthwiseConv2dNativeBackpropFilter,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
} from '@tensorflow/tfjs-core';
import { argumentsOf } from './code/window.ts';
import { withChannels } from './depthwise.ts';
import { inputsOf, type Kernel } from './kernel.ts';
import { geometryOf } from './windows.ts';

/** Σ over positions of image · dy, channel by channel. */
export const depthwiseFilterGradient: Kernel = {
  name: DepthwiseConv2dNativeBackpropFilter,
  run(call) {
    const { native } = call;
    const [x, dy] = inputsOf(call, 'x', 'dy');
    const attrs = call.attrs as unknown as DepthwiseConv2dNativeBackpropFilterAttrs;
    const { strides, pad, dimRoundingMode, filterShape } = attrs;
    const shape = x.shape as [number, number, number, number];
    const info = backend_util.computeConv2DInfo(shape, filterShape, strides, 1, pad, dimRoundingMode, true);
    const gradient = native.output(filterShape, 'zeros');
    withChannels(call, x, info.outChannels, (image) => {
      const geometry = { ...geometryOf(info), channels: info.outChannels };
      native.call.depthwiseFilter(image, native.addressOf(gradient), native.addressOf(dy), ...argumentsOf(geometry));
    });
    return gradient;
  },
};
