import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { openCpu } from './backends/cpu.ts';
import type { Device } from './device.ts';
import { dense } from './fixtures/tiny.ts';
import { buildModel } from './model.ts';
import { predict } from './predict.ts';

let cpu: Device;
beforeAll(async () => {
  cpu = await openCpu();
});

test('a softmax model answers with its probabilities, and leaves no tensor', async () => {
  const model = buildModel(dense(1, 2, 'softmax'), 'categoricalCrossentropy', cpu);
  model.setParams(Float32Array.of(1, 0, 0, 0));
  const before = memory().numTensors;
  const [first, second] = await predict(model, Uint8Array.of(255));
  expect(first).toBeCloseTo(Math.E / (Math.E + 1), 6);
  expect(second).toBeCloseTo(1 / (Math.E + 1), 6);
  expect(memory().numTensors).toBe(before);
  model.dispose();
});

test('outputs of a regression become shares of their sum, negative ones none', async () => {
  const model = buildModel(dense(1, 3, 'relu'), 'meanSquaredError', cpu);
  model.setParams(Float32Array.of(3, 1, -5, 0, 0, 0));
  expect(await predict(model, Uint8Array.of(255))).toEqual(Float32Array.of(0.75, 0.25, 0));
  model.setParams(new Float32Array(6));
  const [third] = await predict(model, Uint8Array.of(255));
  expect(third).toBeCloseTo(1 / 3, 6);
  model.dispose();
});

test('an example of another shape is our own mistake', async () => {
  const model = buildModel(dense(2, 2, 'softmax'), 'categoricalCrossentropy', cpu);
  await expect(predict(model, Uint8Array.of(1))).rejects.toThrow('shape of the input');
  model.dispose();
});
