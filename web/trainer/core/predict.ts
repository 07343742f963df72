import { dispose, tidy } from '@tensorflow/tfjs-core';
import { assert } from '../../../shared/assert.ts';
import { exampleSize, type FeatureValues } from '../../../shared/task/kinds/form.ts';
import type { DeviceModel } from './model.ts';

/**
 * What the model says of one example, its values as examples are kept: how much it believes in each class, summing to
 * 1, or the scaled number. A model without a softmax has its negative outputs cut to 0 and the rest divided by their sum.
 */
export async function predict(model: DeviceModel, features: FeatureValues): Promise<Float32Array> {
  assert(features.length === exampleSize(model.form), 'an example has the shape of the input');
  const divisor = features instanceof Uint8Array ? 255 : 1;
  const inputs = Float32Array.from(features, (value) => value / divisor);
  const outputs = tidy(() => model.predict(inputs, 1));
  try {
    const answers = await model.device.read([outputs]);
    return model.form.target.type === 'class' ? shares(answers) : answers;
  } finally {
    dispose(outputs);
  }
}

function shares(outputs: Float32Array): Float32Array {
  const positive = outputs.map((value) => Math.max(value, 0));
  const total = positive.reduce((sum, value) => sum + value, 0);
  return positive.map((value) => (total > 0 ? value / total : 1 / positive.length));
}
