import { dispose, tidy } from '@tensorflow/tfjs-core';
import { assert } from '../../../shared/assert.ts';
import { sizeOf } from './examples.ts';
import type { DeviceModel } from './model.ts';

/**
 * How much the model believes in each class for one example (uint8 values, as examples are kept), summing to 1. A model
 * without a softmax has its negative outputs cut to 0 and the rest divided by their sum.
 */
export async function predict(model: DeviceModel, image: Uint8Array): Promise<Float32Array> {
  assert(image.length === sizeOf(model.input), 'an example has the shape of the input');
  const inputs = Float32Array.from(image, (value) => value / 255);
  const outputs = tidy(() => model.predict(inputs, 1));
  try {
    return shares(await model.device.read([outputs]));
  } finally {
    dispose(outputs);
  }
}

function shares(outputs: Float32Array): Float32Array {
  const positive = outputs.map((value) => Math.max(value, 0));
  const total = positive.reduce((sum, value) => sum + value, 0);
  return positive.map((value) => (total > 0 ? value / total : 1 / positive.length));
}
