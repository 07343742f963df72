import { backend_util, MaxPoolGrad, type MaxPoolGradAttrs } from '@tensorflow/tfjs-core';
import { argumentsOf } from './code/window.ts';
import { inputsOf, type Kernel } from './kernel.ts';
import { geometryOf } from './windows.ts';

/** Each output's gradient goes to the first pixel of its window that has the maximum. */
export const maxPoolGradient: Kernel = {
  name: MaxPoolGrad,
  run(call) {
    const { native } = call;
    const [dy, input, output] = inputsOf(call, 'dy', 'input', 'output');
    const { filterSize, strides, pad, dimRoundingMode } = call.attrs as unknown as MaxPoolGradAttrs;
    const shape = input.shape as [number, number, number, number];
    const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    const gradient = native.output(shape, 'zeros');
    const [image, maxima, gradients] = [input, output, dy].map(native.addressOf) as [number, number, number];
    const toGradient = native.addressOf(gradient) - image;
    native.withScratch(4 * info.inChannels, (rest) => {
      native.call.maxPoolGradient(image, toGradient, maxima, gradients, rest, ...argumentsOf(geometryOf(info)));
    });
    return gradient;
  },
};
