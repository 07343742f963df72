import { AvgPoolGrad, type AvgPoolGradAttrs, backend_util } from '@tensorflow/tfjs-core';
import { argumentsOf } from './code/window.ts';
import { inputsOf, type Kernel } from './kernel.ts';
import { geometryOf } from './windows.ts';

/**
 * A depthwise convolution whose every weight is 1 / (window height · window width). So it is on every backend of TF.js,
 * also where a window hangs over the edge and the mean was taken over fewer pixels.
 */
export const avgPoolGradient: Kernel = {
  name: AvgPoolGrad,
  run(call) {
    const { native } = call;
    const [dy, input] = inputsOf(call, 'dy', 'input');
    const { filterSize, strides, pad } = call.attrs as unknown as AvgPoolGradAttrs;
    const shape = input.shape as [number, number, number, number];
    const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad);
    const gradient = native.output(shape, 'zeros');
    const area = info.filterHeight * info.filterWidth;
    native.withScratch(4 * area * info.inChannels, (weights) => {
      native.floatsAt(weights, area * info.inChannels).fill(1 / area);
      const [image, given] = [native.addressOf(gradient), native.addressOf(dy)];
      native.call.depthwiseInput(image, weights, given, ...argumentsOf(geometryOf(info)));
    });
    return gradient;
  },
};
