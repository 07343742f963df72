import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { openCpu } from './backends/cpu.ts';
import { type Device, deviceOf } from './device.ts';
import { type Examples, examplesOf } from './examples.ts';
import { dense, noise, plan } from './fixtures/tiny.ts';
import { splitOf } from './held-out.ts';
import { buildModel, type DeviceModel } from './model.ts';
import { personalise } from './personalise.ts';

let cpu: Device;
let model: DeviceModel;
beforeAll(async () => {
  cpu = await openCpu();
  model = buildModel(dense(5, 3, 'softmax'), 'categoricalCrossentropy', cpu);
});
beforeEach(() => cpu.activate());

const shared = Float32Array.from({ length: 18 }, (_, index) => (index % 5) / 5);
const hundred = noise([5], 3, 100);

async function fitted(examples: Examples, start: Float32Array | null = null, lambda = 0.1) {
  const outcome = await personalise(model, shared, start, examples, { plan: plan(), seed: 1, lambda });
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome;
}
const distance = (a: Float32Array): number =>
  Math.hypot(...a.map((value, index) => value - (shared[index] ?? Number.NaN)));

test('what is set aside is never trained on: its labels change the figures and nothing else', async () => {
  const { fitted: own, heldOut } = splitOf(hundred);
  const turned = heldOut.parts.map(({ features, targets }) => ({
    features,
    targets: targets.map((target) => (target + 1) % 3),
  }));
  const plainly = await fitted(examplesOf(hundred.form, [...own.parts, ...heldOut.parts]));
  const otherwise = await fitted(examplesOf(hundred.form, [...own.parts, ...turned]));
  expect(otherwise.params).toEqual(plainly.params);
  expect(otherwise.figures).not.toEqual(plainly.figures);
  expect([plainly.fitted, plainly.heldOut]).toEqual([own.count, heldOut.count]);
});

test('goes on from an earlier fit, and a stronger pull stays nearer to the shared model', async () => {
  const first = await fitted(hundred);
  expect((await fitted(hundred, first.params)).params).not.toEqual(first.params);
  expect(distance((await fitted(hundred, null, 2)).params)).toBeLessThan(distance(first.params));
});

test('too few set aside give no figure, and none at all no fit', async () => {
  const few = await fitted(noise([5], 3, 8));
  expect(few).toMatchObject({ figures: null });
  expect(few.params).not.toEqual(shared);
  const outcome = await personalise(model, shared, null, noise([5], 3, 0), { plan: plan(), seed: 1 });
  expect(outcome).toMatchObject({ ok: false, reason: 'no-examples' });
});

test.each<[string, number, string]>([
  ['stopped', 0.1, 'aborted'],
  ['with a learning rate that is too high', 100, 'exploded'],
])('%s it is no fit, and leaves no tensor', async (_, learningRate, reason) => {
  const before = memory().numTensors;
  const stop = new AbortController();
  const outcome = await personalise(model, shared, null, hundred, {
    plan: plan({ learningRate, loss: 'categoricalCrossentropy' }),
    seed: 1,
    signal: stop.signal,
    onProgress: () => reason === 'aborted' && stop.abort(),
  });
  expect(outcome).toMatchObject({ ok: false, reason });
  expect(memory().numTensors).toBe(before);
});

test('on a device that is lost in the middle it is no fit, and says why', async () => {
  let asked = 0;
  const lost = deviceOf('cpu', { isLost: () => ++asked > 6, onLost: () => () => {}, close: () => {} });
  const frail = buildModel(dense(5, 3, 'softmax'), 'categoricalCrossentropy', lost);
  const outcome = await personalise(frail, shared, null, hundred, { plan: plan(), seed: 1 });
  expect(asked).toBeGreaterThan(6);
  expect(outcome).toEqual({ ok: false, reason: 'backend-lost', message: 'the cpu backend was lost' });
  frail.dispose();
});
