import { backend, memory, Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { initialWeights } from '../../../shared/model/initial-weights.ts';
import { type ModelTopology, shapeOf } from '../../../shared/model/topology.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { norm } from '../../../shared/weights/vector.ts';
import { openCpu } from './backends/cpu.ts';
import { openWasm } from './backends/wasm.ts';
import { BackendLostError, type Device, deviceOf } from './device.ts';
import { evaluate } from './evaluate.ts';
import type { Examples } from './examples.ts';
import { dense, examples, noise, plan, tinyConvolution } from './fixtures/tiny.ts';
import { buildModel, type DeviceModel } from './model.ts';
import { scoredCount, type TrainOutcome, train } from './train.ts';

const weights = (topology: ModelTopology): Float32Array => {
  const shape = shapeOf(topology);
  if ('problem' in shape) throw new Error(shape.problem);
  return initialWeights(shape, 1);
};

const softmax = dense(5, 3, 'softmax');
const start = weights(softmax);
const ten = noise([5], 3, 10);

let cpu: Device;
let model: DeviceModel;
beforeAll(async () => {
  cpu = await openCpu();
  model = buildModel(softmax, 'categoricalCrossentropy', cpu);
});
beforeEach(() => cpu.activate());

type Trained = Extract<TrainOutcome, { ok: true }>;
async function trained(
  on: DeviceModel,
  params: Float32Array,
  data: Examples,
  changes: Partial<ClientPlan> = {},
  seed = 1,
): Promise<Trained> {
  const outcome = await train(on, params, data, { plan: plan(changes), seed });
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome;
}

/** ‖a − b‖ / ‖b‖. */
const distance = (a: Float32Array, b: Float32Array): number =>
  norm(a.map((value, index) => value - (b[index] ?? Number.NaN))) / norm(b);

describe('training', () => {
  test('is the same to the bit for the same seed on the CPU, and follows the seed', async () => {
    const first = await trained(model, start, ten, { epochs: 2 });
    expect((await trained(model, start, ten, { epochs: 2 })).delta).toEqual(first.delta);
    expect((await trained(model, start, ten, { epochs: 2 }, 2)).delta).not.toEqual(first.delta);
  });

  test('counts the real steps, the last partial batch with them', async () => {
    expect(await trained(model, start, ten)).toMatchObject({ examples: 10, steps: 3 });
    expect(await trained(model, start, ten, { epochs: 4 })).toMatchObject({ examples: 10, steps: 12 });
    const { epochs: _, ...endless } = plan({ maxSteps: 7 });
    expect(await train(model, start, ten, { plan: endless, seed: 1 })).toMatchObject({ ok: true, steps: 7 });
  });

  test('maxSteps goes on into further epochs with the same steps as epochs would', async () => {
    const { epochs: _, ...endless } = plan({ maxSteps: 6 });
    const outcome = await train(model, start, ten, { plan: endless, seed: 1 });
    expect(outcome.ok && outcome.delta).toEqual((await trained(model, start, ten, { epochs: 2 })).delta);
  });

  test('a padded last batch changes the weights as an unpadded one does', async () => {
    const three = noise([5], 3, 3);
    const exact = await trained(model, start, three, { batchSize: 3 });
    for (const batchSize of [4, 8]) {
      expect(distance((await trained(model, start, three, { batchSize })).delta, exact.delta)).toBeLessThan(1e-6);
    }
  });

  test('full-batch work is one step along the mean gradient, however it is cut', async () => {
    const whole = await trained(model, start, ten, { batchSize: 10 });
    for (const batchSize of [10, 4, 3]) {
      const outcome = await trained(model, start, ten, { work: 'full-batch', batchSize });
      expect(outcome.steps).toBe(1);
      expect(distance(outcome.delta, whole.delta)).toBeLessThan(1e-6);
    }
  });

  test('says what it did on its own examples', async () => {
    const { metrics, delta } = await trained(model, start, ten, { epochs: 20, learningRate: 0.5 });
    expect(metrics.lossAfter).toBeLessThan(metrics.lossBefore ?? 0);
    model.setParams(start.map((value, index) => value + (delta[index] ?? 0)));
    const after = await evaluate(model, ten);
    expect(metrics.lossAfter).toBeCloseTo(after?.loss ?? Number.NaN, 6);
    expect(metrics.accuracyAfter).toBe(after?.accuracy);
  });

  test('scores before and after at no more than about a tenth of what training takes', () => {
    // Passes of 64: one at least, at most 1,000 examples. 600 examples are one pass after one epoch, seven after five.
    expect([10, 600, 3_000, 60_000].map(scoredCount)).toEqual([64, 64, 448, 1_000]);
  });

  test('leaves the params as they were', async () => {
    const params = start.slice();
    await trained(model, params, ten);
    expect(params).toEqual(start);
  });

  test('tells its progress up to the last batch', async () => {
    const seen: { step: number; steps: number; loss: number | null }[] = [];
    await train(model, start, ten, { plan: plan({ epochs: 40 }), seed: 1, onProgress: (one) => seen.push(one) });
    expect(seen[0]).toEqual({ step: 0, steps: 120, loss: null });
    expect(seen.at(-1)?.step).toBe(120);
    expect(seen.slice(1).every(({ loss }) => loss !== null && loss > 0)).toBe(true);
  });
});

describe('time-boxed training', () => {
  /** A model whose steps take the milliseconds that `stepMs` says of each, by a clock of their own. */
  function timed(stepMs: (step: number) => number) {
    let ms = 0;
    let steps = 0;
    const slow: DeviceModel = {
      ...model,
      gradient(batch) {
        ms += stepMs(++steps);
        return model.gradient(batch);
      },
    };
    return { slow, nowMs: () => ms, steps: () => steps };
  }
  const fitting = (maxSeconds: number, stepMs: (step: number) => number, changes: Partial<ClientPlan> = {}) => {
    const { slow, nowMs, steps } = timed(stepMs);
    const own = plan({ epochs: 1_000, maxSeconds, ...changes });
    return { outcome: train(slow, start, ten, { plan: own, seed: 1, nowMs }), steps };
  };

  test('11 steps of 100 ms fit in a second after the first, which takes a minute and is warm-up', async () => {
    const { outcome, steps } = fitting(1, (step) => (step === 1 ? 60_000 : 100));
    expect(await outcome).toMatchObject({ ok: true, steps: 11, examples: 10 });
    expect(steps()).toBe(11);
  });

  test('the delta is that of as many steps, bit for bit', async () => {
    const boxed = await fitting(1, () => 250).outcome;
    expect(boxed).toMatchObject({ steps: 5 });
    const { epochs: _, ...endless } = plan({ maxSteps: 5 });
    const counted = await train(model, start, ten, { plan: endless, seed: 1 });
    expect(boxed.ok && boxed.delta).toEqual(counted.ok && counted.delta);
  });

  test('epochs that take less end it, and a step that takes longer than all is one step', async () => {
    expect(await fitting(1, () => 1, { epochs: 2 }).outcome).toMatchObject({ ok: true, steps: 6 });
    expect(await fitting(1, (step) => (step === 2 ? 5_000 : 1)).outcome).toMatchObject({ ok: true, steps: 2 });
  });

  test('leaves no tensor behind, with momentum neither', async () => {
    for (const optimizer of [{ optimizer: 'sgd' }, { optimizer: 'momentum', momentum: 0.9 }] as const) {
      const before = memory().numTensors;
      expect(await fitting(1, () => 100, optimizer).outcome).toMatchObject({ steps: 11 });
      expect(memory().numTensors).toBe(before);
    }
  });
});

describe('training that cannot be reported', () => {
  test('without examples', async () => {
    expect(await train(model, start, noise([5], 3, 0), { plan: plan(), seed: 1 })).toMatchObject({
      reason: 'no-examples',
    });
  });

  test('stopped before it begins, and stopped in the middle, it sends nothing more through the device', async () => {
    const before = new AbortController();
    before.abort();
    const options = { plan: plan({ epochs: 1_000 }), seed: 1 };
    expect(await train(model, start, ten, { ...options, signal: before.signal })).toMatchObject({ reason: 'aborted' });

    const middle = new AbortController();
    let last = 0;
    const outcome = await train(model, start, ten, {
      ...options,
      signal: middle.signal,
      onProgress({ step }) {
        last = step;
        if (step > 0) middle.abort();
      },
    });
    expect(outcome).toMatchObject({ reason: 'aborted' });
    expect(last).toBeLessThan(3_000);
  });

  test('a learning rate that throws the weights beyond all numbers', async () => {
    const wild = plan({ learningRate: 100, epochs: 60, loss: 'meanSquaredError' });
    const linear = buildModel(dense(5, 3, 'linear'), 'meanSquaredError', cpu);
    const params = new Float32Array(18).fill(1);
    const outcome = await train(linear, params, ten, { plan: wild, seed: 1 });
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringMatching(/^(exploded|not-finite)$/) });
    linear.dispose();
  });

  test('a loss that grows a hundredfold and is still a number', async () => {
    const linear = buildModel(dense(5, 3, 'linear'), 'meanSquaredError', cpu);
    const steep = plan({ learningRate: 6, epochs: 60, loss: 'meanSquaredError' });
    let steps = 0;
    const outcome = await train(linear, new Float32Array(18).fill(1), ten, {
      plan: steep,
      seed: 1,
      onProgress: ({ step }) => {
        steps = step;
      },
    });
    expect(outcome).toEqual({
      ok: false,
      reason: 'exploded',
      message: expect.stringMatching(/^the loss grew from [\d.]+ to [\d.e+]+$/),
    });
    expect(steps).toBeLessThan(180);
    linear.dispose();
  });

  test('weights that come in broken', async () => {
    const broken = start.slice();
    broken[0] = Number.NaN;
    expect(await train(model, broken, ten, { plan: plan(), seed: 1 })).toMatchObject({ reason: 'not-finite' });
  });

  test('a device that is lost in the middle', async () => {
    let reads = 0;
    const liveness = { isLost: () => ++reads > 6, onLost: () => () => {}, close: () => {} };
    const frail = buildModel(softmax, 'categoricalCrossentropy', deviceOf('cpu', liveness));
    expect(await train(frail, start, ten, { plan: plan(), seed: 1 })).toMatchObject({ reason: 'backend-lost' });
    frail.dispose();
  });

  test('a device that says it is lost while an answer is awaited', async () => {
    const lost = deviceOf('cpu', {
      isLost: () => false,
      onLost(callback) {
        callback();
        return () => {};
      },
      close: () => {},
    });
    const frail = buildModel(softmax, 'categoricalCrossentropy', lost);
    const never = frail.readParams();
    await expect(never).rejects.toBeInstanceOf(BackendLostError);
    frail.dispose();
  });
});

describe('what crosses between memory and the device', () => {
  afterEach(() => vi.restoreAllMocks());

  /** Each read of the device by the number of its values, and how often anything was read past it. */
  function watchReads(device: Device) {
    const sizes: number[] = [];
    const watching: Device = {
      ...device,
      read(tensors) {
        sizes.push(tensors.reduce((sum, { size }) => sum + size, 0));
        return device.read(tensors);
      },
    };
    const asked = (['data', 'dataSync', 'bytes', 'buffer', 'bufferSync', 'array', 'arraySync'] as const).map((name) =>
      vi.spyOn(Tensor.prototype, name),
    );
    return { watching, sizes, asked: () => asked.reduce((sum, { mock }) => sum + mock.calls.length, 0) };
  }

  test('no step is waited for: 1,341 of them take six reads of the loss, and the weights come back once', async () => {
    const { watching, sizes, asked } = watchReads(cpu);
    const watched = buildModel(softmax, 'categoricalCrossentropy', watching);
    // No time passes: the queue between two reads grows fourfold to its bound, 1, 4, 16, 64, 256, 1,000.
    vi.spyOn(performance, 'now').mockReturnValue(0);
    const { epochs: _, ...endless } = plan({ maxSteps: 1_341 });
    const seen: number[] = [];
    const outcome = await train(watched, start, ten, {
      ...{ plan: endless, seed: 1 },
      onProgress: ({ step }) => seen.push(step),
    });
    expect(outcome).toMatchObject({ ok: true, steps: 1_341 });
    expect(seen).toEqual([0, 1, 5, 21, 85, 341, 1_341]);
    // The scores before and after are a loss and a share each; the model has 5 × 3 + 3 parameters.
    expect(sizes).toEqual([2, 1, 1, 1, 1, 1, 1, 2, 18]);
    expect(asked()).toBe(sizes.length);
    watched.dispose();
  });

  test('the weights go to the device once a round: the one vector as a tensor for each of the layout', async () => {
    const opened = await openWasm();
    if (!opened.ok) throw new Error(opened.reason);
    await opened.device.activate();
    const { watching, sizes } = watchReads(opened.device);
    const watched = buildModel(softmax, 'categoricalCrossentropy', watching);
    const write = vi.spyOn(backend(), 'write');
    for (let round = 1; round <= 2; round++) {
      sizes.length = 0;
      write.mockClear();
      await trained(watched, start, ten, { epochs: 4 });
      const given = write.mock.calls.flatMap(([values]) => (values === null ? [] : [(values as Float32Array).length]));
      // No other tensor has these sizes: batches are of 4 examples, scores of 64.
      expect(given.filter((size) => size === 15)).toHaveLength(1);
      expect(given.filter((size) => size === 3)).toHaveLength(1);
      expect(sizes.filter((size) => size === 18)).toHaveLength(1);
      expect(sizes.at(-1)).toBe(18);
    }
    watched.dispose();
    await cpu.activate();
  });
});

describe('tensors', () => {
  test.each<[string, Partial<ClientPlan>]>([
    ['sgd', { epochs: 2 }],
    ['full-batch', { work: 'full-batch' }],
    ['prox', { work: 'prox', mu: 0.1, epochs: 2 }],
    ['momentum', { optimizer: 'momentum', momentum: 0.9, epochs: 2 }],
  ])('%s leaves as many as there were, done or stopped', async (_, changes) => {
    await trained(model, start, ten, changes);
    const before = memory().numTensors;
    await trained(model, start, ten, changes);
    expect(memory().numTensors).toBe(before);

    const stop = new AbortController();
    const options = { plan: plan({ ...changes, batchSize: 1 }), seed: 1, signal: stop.signal };
    const outcome = await train(model, start, ten, {
      ...options,
      onProgress: ({ step }) => step > 0 && stop.abort(),
    });
    expect(outcome).toMatchObject({ reason: 'aborted' });
    expect(memory().numTensors).toBe(before);
  });

  test('a lost device leaves as many as there were', async () => {
    let reads = 0;
    const liveness = { isLost: () => ++reads > 6, onLost: () => () => {}, close: () => {} };
    const frail = buildModel(softmax, 'categoricalCrossentropy', deviceOf('cpu', liveness));
    const before = memory().numTensors;
    await train(frail, start, ten, { plan: plan(), seed: 1 });
    expect(memory().numTensors).toBe(before);
    frail.dispose();
  });
});

describe('evaluation', () => {
  test('counts right answers and averages losses over all examples, whatever the batches', async () => {
    const identity = buildModel(dense(2, 2, 'softmax'), 'categoricalCrossentropy', cpu);
    identity.setParams(Float32Array.of(1, 0, 0, 1, 0, 0));
    const three = examples([2], 2, [
      [[255, 0], 0],
      [[0, 255], 1],
      [[0, 255], 0],
    ]);
    // logits (1, 0): loss of the right class log(1 + e⁻¹), of the wrong one that plus 1
    const right = Math.log1p(Math.exp(-1));
    for (const rows of [1, 2, 3, 64]) {
      const score = await evaluate(identity, three, { rows });
      expect(score?.accuracy).toBe(2 / 3);
      expect(score?.loss).toBeCloseTo((3 * right + 1) / 3, 6);
    }
    identity.dispose();
  });

  test('of nothing is null', async () => {
    expect(await evaluate(model, noise([5], 3, 0))).toBeNull();
  });
});

describe('the CPU and the WASM backend', () => {
  const hidden: ModelTopology = {
    input: [8, 8, 1],
    layers: [
      { class_name: 'Flatten', config: { name: 'flatten' } },
      { class_name: 'Dense', config: { name: 'hidden', units: 20, activation: 'relu' } },
      { class_name: 'Dense', config: { name: 'output', units: 10, activation: 'softmax' } },
    ],
  };

  test.each([
    ['dense layers', hidden, 10],
    ['a convolution', tinyConvolution, 4],
  ])('train and evaluate %s alike to 1e-4', async (_, topology, classes) => {
    const data = noise(topology.input, classes, 50);
    const params = weights(topology);
    const run = async (device: Device) => {
      await device.activate();
      const own = buildModel(topology, 'categoricalCrossentropy', device);
      const { delta, metrics } = await trained(own, params, data, { batchSize: 8, epochs: 3 });
      own.dispose();
      return { delta, metrics };
    };
    const opened = await openWasm();
    if (!opened.ok) throw new Error(opened.reason);
    const onWasm = await run(opened.device);
    const onCpu = await run(cpu);
    expect(distance(onWasm.delta, onCpu.delta)).toBeLessThan(1e-4);
    expect(onWasm.metrics.lossAfter).toBeCloseTo(onCpu.metrics.lossAfter ?? Number.NaN, 4);
    expect(onWasm.metrics.accuracyAfter).toBe(onCpu.metrics.accuracyAfter);
  });
});
