import { matMul, mean, memory, reshape, type Scalar, square, tensor, tidy, variableGrads } from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { initialWeights } from '../../../shared/model/initial-weights.ts';
import { isTrained, type ModelTopology, shapeOf } from '../../../shared/model/topology.ts';
import { openCpu } from './backends/cpu.ts';
import { openWasm } from './backends/wasm.ts';
import { type Batch, batchesOf, inOrder } from './batches.ts';
import type { Device } from './device.ts';
import { noise, normalized } from './fixtures/tiny.ts';
import { buildModel, type DeviceModel } from './model.ts';
import { predict } from './predict.ts';

const devices: Record<'cpu' | 'wasm', Device> = {} as never;
beforeAll(async () => {
  devices.cpu = await openCpu();
  const opened = await openWasm();
  if (!opened.ok) throw new Error(opened.reason);
  devices.wasm = opened.device;
});
beforeEach(() => devices.cpu.activate());

/** x̂ of two features, and the sum of both: β and γ pass through to one output. */
const plain: ModelTopology = {
  input: [2],
  layers: [
    { class_name: 'BatchNormalization', config: { name: 'norm', momentum: 0.75, epsilon: 0.001 } },
    { class_name: 'Dense', config: { name: 'sum', units: 1, activation: 'linear' } },
  ],
};
/** γ, β, mean, variance, each of two; then the kernel and the bias. */
const identity = Float32Array.of(1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0);

const batchOf = (inputs: readonly number[], count: number): Batch => {
  const rows = inputs.length / 2;
  return {
    ...{ rows, count, inputs: Float32Array.from(inputs), targets: new Float32Array(rows) },
    weights: new Float32Array(rows).fill(1 / count, 0, count),
  };
};
async function pass(model: DeviceModel, batch: Batch, start = identity) {
  model.setParams(start);
  const [loss, ...gradient] = tidy(() => {
    const found = model.gradient(batch);
    return [found.loss, ...found.gradient].map((part) => part.clone());
  });
  const read = async (part: typeof loss) => [...(await model.device.read([part!]))];
  const values = await Promise.all(gradient.map(read));
  const result = { loss: (await read(loss))[0]!, gradient: values, params: [...(await model.readParams())] };
  for (const part of [loss!, ...gradient]) part.dispose();
  return result;
}

describe('batch normalization by hand', () => {
  // Features (1, 3) and (0, 0): means 2 and 0, variances 1 and 0. x̂ = ∓1 / √1.001 and 0.
  const two = [1, 0, 3, 0];
  const hat = 1 / Math.sqrt(1.001);

  test('a training pass goes by the batch, and moves the own mean and variance a quarter of the way', async () => {
    const model = buildModel(plain, 'meanSquaredError', devices.cpu);
    const { loss, params } = await pass(model, batchOf(two, 2));
    expect(loss).toBeCloseTo(hat ** 2, 6);
    expect(params.slice(0, 4)).toEqual([1, 1, 0, 0]);
    expect(params.slice(4, 8)).toEqual([0.5, 0, 1, 0.75]);
    model.dispose();
  });

  test('padding is in no mean, no variance and no gradient, whatever stands there', async () => {
    const model = buildModel(plain, 'meanSquaredError', devices.cpu);
    const whole = await pass(model, batchOf(two, 2));
    expect(await pass(model, batchOf([...two, 0, 0], 2))).toEqual(whole);
    expect(await pass(model, batchOf([...two, 1e6, -7, 5, 5], 2))).toEqual(whole);
    // An example that is all zeros is one.
    expect((await pass(model, batchOf([...two, 0, 0], 3))).params).not.toEqual(whole.params);
    model.dispose();
  });

  test('scores and predictions go by the own mean and variance, and leave them where they are', async () => {
    const model = buildModel(plain, 'meanSquaredError', devices.cpu);
    const own = Float32Array.of(2, 1, 0.5, 0, 0.25, 0, 4, 1, 1, 0, 0);
    model.setParams(own);
    const scale = 2 / Math.sqrt(4.001);
    // Of two examples, which have a mean and a variance of their own.
    const [score, answers] = tidy(() => [
      model.score(batchOf(two, 2)).loss.dataSync()[0],
      [...model.predict(Float32Array.from(two), 2).dataSync()],
    ]);
    const [first, second] = [0.75 * scale + 0.5, 2.75 * scale + 0.5];
    expect(answers).toEqual([expect.closeTo(first, 5), expect.closeTo(second, 5)]);
    expect(score).toBeCloseTo((first ** 2 + second ** 2) / 2, 4);
    expect(await model.readParams()).toEqual(own);
    // A variance below 0 can only have been brought: it counts as 0.
    model.setParams(own.with(6, -1));
    expect([...(await predict(model, Uint8Array.of(255, 0)))].every(Number.isFinite)).toBe(true);
    model.dispose();
  });

  test('one example alone has no variance: the pass goes by the own figures and leaves them', async () => {
    const model = buildModel(plain, 'meanSquaredError', devices.cpu);
    const { loss, params } = await pass(model, batchOf([1, 0, 9, 9], 1));
    expect(loss).toBeCloseTo(1 / 1.001, 5);
    expect(params).toEqual([...identity]);
    model.dispose();
  });
});

test('of a whole batch it is what the layer of TF.js makes, moving figures and gradients included', async () => {
  const values = Float32Array.from({ length: 5 * 4 * 3 * 2 }, (_, at) => Math.sin(at * at) + (at % 2));
  const theirs = layers.batchNormalization({ momentum: 0.9, epsilon: 1e-3, inputShape: [4, 3, 2] });
  const ours = buildModel(
    {
      input: [4, 3, 2],
      layers: [
        { class_name: 'BatchNormalization', config: { name: 'norm', momentum: 0.9, epsilon: 1e-3 } },
        { class_name: 'Flatten', config: { name: 'flat' } },
        { class_name: 'Dense', config: { name: 'out', units: 1, activation: 'linear' } },
      ],
    },
    'meanSquaredError',
    devices.cpu,
  );
  const theirMoved = tidy(() => {
    const x = tensor(values, [5, 4, 3, 2]);
    theirs.build([null, 4, 3, 2]);
    theirs.setWeights([tensor([1.5, 0.5]), tensor([0.25, -1]), tensor([0.5, 0]), tensor([1, 2])]);
    const kernel = Float32Array.from({ length: 24 }, (_, at) => Math.cos(at));
    ours.setParams(Float32Array.of(1.5, 0.5, 0.25, -1, 0.5, 0, 1, 2, ...kernel, 0));
    const { loss, gradient } = ours.gradient({
      ...{ rows: 5, count: 5, inputs: values, targets: new Float32Array(5), weights: new Float32Array(5).fill(0.2) },
    });
    const answers = () =>
      matMul(reshape(theirs.apply(x, { training: true }) as typeof x, [5, 24]), tensor(kernel, [24, 1]));
    const { value, grads } = variableGrads(() => mean(square(answers())) as Scalar);
    expect(loss.dataSync()[0]).toBeCloseTo(value.dataSync()[0]!, 4);
    const moved = theirs.getWeights().map((weight) => [...weight.dataSync()]);
    const named = theirs.trainableWeights.map(({ name }) => grads[name]!);
    expect([named.length, moved.length]).toEqual([2, 4]);
    for (const [at, grad] of named.entries())
      for (const [index, part] of grad.dataSync().entries())
        expect(gradient[at]!.dataSync()[index]).toBeCloseTo(part, 3);
    return moved.flat();
  });
  const own = await ours.readParams();
  for (const [at, value] of theirMoved.entries()) expect(own[at]).toBeCloseTo(value, 5);
  ours.dispose();
  for (const weight of theirs.weights) weight.dispose();
});

describe('the gradient', () => {
  const data = noise([6, 6, 1], 4, 7);
  const shape = shapeOf(normalized);
  if ('problem' in shape) throw new Error(shape.problem);
  const start = initialWeights(shape, 3).map((value, at) => value + Math.sin(at) / 20);
  /** Five examples and three rows of padding. */
  const [batch] = [...batchesOf(data, inOrder(5), 8)] as [Batch];

  test.each(['cpu', 'wasm'] as const)('agrees with finite differences, with padding, on %s', async (name) => {
    await devices[name].activate();
    const model = buildModel(normalized, 'categoricalCrossentropy', devices[name]);
    const { gradient, params } = await pass(model, batch, start);
    const flat = new Float32Array(start.length);
    const trained = shape.layout.entries.filter(isTrained);
    for (const [at, { offset }] of trained.entries()) flat.set(gradient[at]!, offset);
    const lossAt = (changed: Float32Array): number => {
      model.setParams(changed);
      return tidy(() => model.trainingLoss(batch).dataSync()[0]!);
    };
    for (const { offset, size, name: tensorName } of trained)
      for (const at of [offset, offset + (size >> 1), offset + size - 1]) {
        const step = 1e-3;
        const slope =
          (lossAt(start.with(at, start[at]! + step)) - lossAt(start.with(at, start[at]! - step))) / (2 * step);
        expect(Math.abs(flat[at]! - slope), `${tensorName} at ${at}`).toBeLessThan(1e-3);
      }
    // What is counted moved, what is learned did not.
    for (const entry of shape.layout.entries) {
      const own = (all: ArrayLike<number>) => Array.from(all).slice(entry.offset, entry.offset + entry.size);
      if (isTrained(entry)) expect(own(params)).toEqual(own(start));
      else expect(own(params)).not.toEqual(own(start));
    }
    model.dispose();
  });

  test('is on WebAssembly that of the plain CPU, and the moved figures too', async () => {
    const on = async (device: Device) => {
      await device.activate();
      const model = buildModel(normalized, 'categoricalCrossentropy', device);
      const found = await pass(model, batch, start);
      model.dispose();
      return [found.loss, ...found.gradient.flat(), ...found.params];
    };
    const right = await on(devices.cpu);
    const found = await on(devices.wasm);
    expect(found).toHaveLength(right.length);
    for (const [at, value] of right.entries()) expect(found[at]).toBeCloseTo(value, 5);
  });

  test('leaves no tensor behind', async () => {
    const model = buildModel(normalized, 'categoricalCrossentropy', devices.cpu);
    await pass(model, batch, start);
    const before = memory().numTensors;
    await pass(model, batch, start);
    await predict(model, new Uint8Array(36));
    expect(memory().numTensors).toBe(before);
    model.dispose();
  });
});
