import { memory, unregisterKernel } from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { openCpu } from './backends/cpu.ts';
import type { Opened } from './backends/opened.ts';
import { openWasm } from './backends/wasm.ts';
import { type Device, deviceOf } from './device.ts';
import { dense, plan, tinyConvolution } from './fixtures/tiny.ts';
import { type DeviceOpeners, prepareModel, type Requested } from './prepare.ts';
import { isRight, stepError } from './probe.ts';

const softmax = dense(6, 3, 'softmax');
const absent: DeviceOpeners = {
  webgl: async () => ({ ok: false, reason: 'WebGL is not available here' }),
  wasm: openWasm,
  cpu: openCpu,
};
/** Stands where WebGL would: the plain CPU, whose answers pass through `bend` on their way out. */
function standIn(bend: (values: Float32Array) => Float32Array): DeviceOpeners {
  const device: Device = deviceOf('cpu');
  const bent = { ...device, name: 'webgl' as const, read: async (tensors: never) => bend(await device.read(tensors)) };
  return { ...absent, webgl: async (): Promise<Opened> => ({ ok: true, device: bent }) };
}

beforeEach(async () => {
  await openCpu();
});

const choose = async (requested: Requested, openers: DeviceOpeners, topology = softmax) => {
  const { model, used, reason } = await prepareModel(topology, plan(), requested, openers);
  model.dispose();
  return { used, reason };
};

describe('the choice of a backend', () => {
  test('what was asked for, where it trains right', async () => {
    expect(await choose('cpu', absent)).toEqual({ used: 'cpu', reason: null });
    expect(await choose('wasm', absent)).toEqual({ used: 'wasm', reason: null });
    expect(
      await choose(
        'webgl',
        standIn((values) => values),
      ),
    ).toEqual({ used: 'webgl', reason: null });
    expect(
      await choose(
        'auto',
        standIn((values) => values),
      ),
    ).toEqual({ used: 'webgl', reason: null });
  });

  test.each<Requested>(['auto', 'webgl'])('%s without WebGL is the plain CPU, with the reason', async (requested) => {
    expect(await choose(requested, absent)).toEqual({
      used: 'cpu',
      reason: 'WebGL is not available here; the plain CPU trains instead, which is slower.',
    });
  });

  test('WebAssembly trains convolutions, by kernels of our own', async () => {
    expect(await choose('wasm', absent, tinyConvolution)).toEqual({ used: 'wasm', reason: null });
  });

  test('a backend without a kernel for this model is found out', async () => {
    const wasm = async (): Promise<Opened> => {
      const opened = await openWasm();
      unregisterKernel('Conv2DBackpropFilter', 'wasm');
      return opened;
    };
    const { used, reason } = await choose('wasm', { ...absent, wasm }, tinyConvolution);
    expect(used).toBe('cpu');
    expect(reason).toMatch(/^WebAssembly cannot train this model here \(.*Conv2DBackpropFilter.*\); the plain CPU/);
  });

  test.each<[string, (values: Float32Array) => Float32Array, RegExp]>([
    ['rounds to half precision', (values) => values.map((value) => Math.round(value * 512) / 512), /off by [\d.]+ %/],
    ['answers with zeros', (values) => new Float32Array(values.length), /off by \d+ %/],
    ['answers with NaN', (values) => values.map(() => Number.NaN), /not a number/],
  ])('a backend that %s is refused', async (_, bend, reason) => {
    const choice = await choose('auto', standIn(bend));
    expect(choice.used).toBe('cpu');
    expect(choice.reason).toMatch(/^WebGL computes this model wrongly here/);
    expect(choice.reason).toMatch(reason);
  });

  test('WebGPU is not in this build, and the page is told', async () => {
    const reason = 'WebGPU is not available in this build; WebGL trains instead.';
    expect(
      await choose(
        'webgpu',
        standIn((values) => values),
      ),
    ).toEqual({ used: 'webgl', reason });
    expect((await choose('webgpu', absent)).reason).toBe(
      'WebGPU is not available in this build, and WebGL is not available here; the plain CPU trains instead, which is slower.',
    );
  });

  test('leaves nothing on the device but the model', async () => {
    await choose('wasm', absent);
    const before = memory().numTensors;
    await choose('wasm', absent);
    await choose('wasm', absent, tinyConvolution);
    await choose(
      'auto',
      standIn((values) => values.map(() => Number.NaN)),
    );
    expect(memory().numTensors).toBe(before);
  });
});

test('the error of a step is relative to the reference', () => {
  const reference = { loss: 2, delta: Float32Array.of(3, 4) };
  expect(stepError(reference, reference)).toBe(0);
  expect(stepError({ loss: 2, delta: Float32Array.of(3, 4.5) }, reference)).toBeCloseTo(0.1);
  expect(stepError({ loss: 3, delta: Float32Array.of(3, 4) }, reference)).toBeCloseTo(0.5);
  expect(stepError({ loss: Number.NaN, delta: Float32Array.of(3, 4) }, reference)).toBe(Number.POSITIVE_INFINITY);
  expect([1e-6, 1e-3, 2e-3].map(isRight)).toEqual([true, true, false]);
});
