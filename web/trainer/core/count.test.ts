import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openCpu } from './backends/cpu.ts';
import { countHeldOut } from './count.ts';
import { type Device, deviceOf } from './device.ts';
import { examplesOf } from './examples.ts';
import { dense, examples, noise, plan } from './fixtures/tiny.ts';
import { splitOf } from './held-out.ts';
import { buildModel, type DeviceModel } from './model.ts';
import { train } from './train.ts';

/** Always says the first class: its bias is 1, all else 0. */
const SAYS_FIRST = Float32Array.of(...Array(15).fill(0), 1, 0, 0);
const forty = noise([5], 3, 40);

let cpu: Device;
let model: DeviceModel;
beforeAll(async () => {
  cpu = await openCpu();
  model = buildModel(dense(5, 3, 'softmax'), 'categoricalCrossentropy', cpu);
});
beforeEach(() => cpu.activate());

describe('scoring for an evaluation round', () => {
  test('counts the right answers among the examples that are set aside', async () => {
    const { heldOut } = splitOf(forty);
    const right = heldOut.parts.flatMap(({ targets }) => [...targets]).filter((label) => label === 0).length;
    const outcome = await countHeldOut(model, SAYS_FIRST, forty);
    if (!outcome.ok) throw new Error(outcome.message);
    expect([heldOut.count, right]).toEqual([8, 4]);
    expect(outcome.examples).toBe(8);
    // −log softmax is log(e + 2) − 1 for the right ones, log(e + 2) for the others
    const loss = Math.round(256 * (8 * Math.log(Math.E + 2) - 4));
    expect([...outcome.counts.subarray(0, 5)]).toEqual([8, loss, 4, 2_048, 4_194_304]);
    expect([...outcome.counts.subarray(5)]).toEqual(Array.from({ length: 20 }, (_, bin) => Number(bin === 10)));
  });

  test('a number: how far off, in units of its scale', async () => {
    const number = buildModel(dense(1, 1, 'linear'), 'meanSquaredError', cpu);
    const form = {
      shape: [1],
      features: { type: 'float32' },
      target: { type: 'number', offset: 10, scale: 4 },
    } as const;
    const all = examplesOf(form, [
      { features: Float32Array.from({ length: 40 }, (_, row) => row), targets: new Float32Array(40).fill(13) },
    ]);
    // It says 0, which stands for 10: three quarters of a scale off, whoever is set aside.
    const outcome = await countHeldOut(number, Float32Array.of(0, 0), all);
    if (!outcome.ok) throw new Error(outcome.message);
    const { examples: count, counts } = outcome;
    expect(count).toBe(splitOf(all).heldOut.count);
    expect([...counts.subarray(0, 5)]).toEqual([count, count * 144, count * 192, 192, 36_864]);
    number.dispose();
  });

  test('with nothing set aside there is nothing to say', async () => {
    const fitted = splitOf(forty).fitted;
    expect(await countHeldOut(model, SAYS_FIRST, fitted)).toMatchObject({ ok: false, reason: 'no-examples' });
    expect(await countHeldOut(model, SAYS_FIRST, examples([5], 3, []))).toMatchObject({ reason: 'no-examples' });
  });

  test('stops when told to, and leaves no tensor behind', async () => {
    const before = memory().numTensors;
    expect(await countHeldOut(model, SAYS_FIRST, forty, { signal: AbortSignal.abort() })).toMatchObject({
      ok: false,
      reason: 'aborted',
    });
    await countHeldOut(model, SAYS_FIRST, forty);
    expect(memory().numTensors).toBe(before);
  });
});

describe('training where a fifth is set aside', () => {
  const heldOut = plan({ heldOut: true });

  test('is training on the others alone, to the bit', async () => {
    const spared = await train(model, SAYS_FIRST, forty, { plan: heldOut, seed: 1 });
    const alone = await train(model, SAYS_FIRST, splitOf(forty).fitted, { plan: plan(), seed: 1 });
    expect(spared).toMatchObject({ ok: true, examples: 32, steps: 8 });
    expect(spared.ok && alone.ok && spared.delta).toEqual(alone.ok && alone.delta);
  });

  test('has nothing to train on where all of them are', async () => {
    const outcome = await train(model, SAYS_FIRST, splitOf(forty).heldOut, { plan: heldOut, seed: 1 });
    expect(outcome).toMatchObject({ ok: false, reason: 'no-examples' });
  });
});

test('on a device that is lost nothing is counted, and it says why', async () => {
  let asked = 0;
  const lost = deviceOf('cpu', { isLost: () => ++asked > 1, onLost: () => () => {}, close: () => {} });
  const frail = buildModel(dense(5, 3, 'softmax'), 'categoricalCrossentropy', lost);
  expect(await countHeldOut(frail, SAYS_FIRST, forty)).toEqual({
    ok: false,
    reason: 'backend-lost',
    message: 'the cpu backend was lost',
  });
  frail.dispose();
});
