import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import type { ClientPlan } from '../../../../shared/task/spec.ts';
import { openCpu } from '../backends/cpu.ts';
import type { Device } from '../device.ts';
import { type Examples, examplesOf } from '../examples.ts';
import { dense, noise, plan } from '../fixtures/tiny.ts';
import { buildModel } from '../model.ts';
import { type ClientWork, ditto } from './index.ts';
import { sgd } from './sgd.ts';

let cpu: Device;
beforeAll(async () => {
  cpu = await openCpu();
});
beforeEach(() => cpu.activate());

/** One example (1, 2) → 1 and the model v₀x₀ + v₁x₁ + v₂: by hand, ∇ = 2 (v₀ + 2v₁ + v₂ − 1) (1, 2, 1). */
const line = dense(2, 1, 'linear');
const one: Examples = examplesOf(
  { shape: [2], features: { type: 'float32' }, target: { type: 'number', offset: 0, scale: 1 } },
  [{ features: Float32Array.of(1, 2), targets: Float32Array.of(1) }],
);
const anchor = Float32Array.of(0, 1, 2);

async function after(
  work: ClientWork,
  start: Float32Array,
  examples: Examples,
  changes: Partial<ClientPlan>,
  topology = line,
): Promise<Float32Array> {
  const own = plan(changes);
  const model = buildModel(topology, own.loss, cpu);
  model.setParams(start);
  const before = memory().numTensors;
  for (const loss of work.run({ model, params: start, examples, plan: own, seed: 1 })) loss.dispose();
  expect(memory().numTensors).toBe(before);
  const params = await model.readParams();
  model.dispose();
  return params;
}
const square = { loss: 'meanSquaredError', learningRate: 0.125, batchSize: 1 } as const;

test('one step is v − η (∇F(v) + λ (v − w)), and the next starts from there', async () => {
  const start = Float32Array.of(1, 1, 0);
  // ∇ = (4, 8, 4), λ (v − w) = (0.5, 0, −1).
  expect([...(await after(ditto(anchor, 0.5), start, one, { ...square, epochs: 1 }))]).toEqual([0.4375, 0, -0.375]);
  // ∇ = (−1.875, −3.75, −1.875), λ (v − w) = (0.21875, −0.5, −1.1875).
  const second = await after(ditto(anchor, 0.5), start, one, { ...square, epochs: 2 });
  expect([...second]).toEqual([0.64453125, 0.53125, 0.0078125]);
});

test('λ = 0 is sgd to the bit, whatever the anchor', async () => {
  const softmax = dense(5, 3, 'softmax');
  const start = Float32Array.from({ length: 18 }, (_, index) => index / 10 - 1);
  const ten = noise([5], 3, 10);
  const plain = await after(sgd, start, ten, { epochs: 3 }, softmax);
  expect(await after(ditto(new Float32Array(18).fill(9), 0), start, ten, { epochs: 3 }, softmax)).toEqual(plain);
  expect(await after(ditto(new Float32Array(18).fill(9), 0.1), start, ten, { epochs: 3 }, softmax)).not.toEqual(plain);
});
