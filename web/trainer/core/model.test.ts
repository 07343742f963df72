import { memory, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/hash.ts';
import { initialWeights } from '../../../shared/model/initial-weights.ts';
import { shapeOf } from '../../../shared/model/topology.ts';
import { type MODEL_ZOO, ZOO_NAMES, zooTopology } from '../../../shared/model/zoo.ts';
import { toBytes } from '../../../shared/weights/vector.ts';
import { openCpu } from './backends/cpu.ts';
import { batchesOf, inOrder } from './batches.ts';
import type { Device } from './device.ts';
import { dense, examples, tinyConvolution } from './fixtures/tiny.ts';
import { buildModel, type DeviceModel } from './model.ts';

let cpu: Device;
beforeAll(async () => {
  cpu = await openCpu();
});

const PARAMETERS: Record<keyof typeof MODEL_ZOO, number> = {
  softmax: 7_850,
  'seed-dense': 7_850,
  'mlp-2nn': 199_210,
  'cnn-small': 9_098,
  cnn: 1_663_370,
};

describe('a built model', () => {
  // buildModel itself refuses to differ from the shared layout in a name, a shape or the order.
  test.each(ZOO_NAMES)('%s has the names, shapes and number of parameters of its layout', async (name) => {
    const topology = zooTopology(name);
    const shape = shapeOf(topology);
    if ('problem' in shape) throw new Error(shape.problem);
    const model = buildModel(topology, name === 'seed-dense' ? 'meanSquaredError' : 'categoricalCrossentropy', cpu);
    expect(model.layout.size).toBe(PARAMETERS[name]);
    const params = initialWeights(shape, 1);
    model.setParams(params);
    const read = await model.readParams();
    expect(sha256Hex(toBytes(read))).toBe(sha256Hex(toBytes(params)));
    model.dispose();
  });

  test('keeps its own copy of the params', async () => {
    const model = buildModel(dense(1, 2, 'softmax'), 'categoricalCrossentropy', cpu);
    const params = Float32Array.of(1, 2, 3, 4);
    model.setParams(params);
    params.fill(9);
    expect(await model.readParams()).toEqual(Float32Array.of(1, 2, 3, 4));
    model.dispose();
  });

  test('gives every tensor back when it is disposed', () => {
    const before = memory().numTensors;
    const model = buildModel(tinyConvolution, 'categoricalCrossentropy', cpu);
    expect(memory().numTensors).toBeGreaterThan(before);
    model.dispose();
    expect(memory().numTensors).toBe(before);
  });
});

/** Loss before the step, and the params after it. */
async function step(model: DeviceModel, row: [number[], number], rate: number, rows = 1) {
  const data = examples(model.input, model.outputs, [row]);
  const [batch] = [...batchesOf(data, inOrder(1), rows)];
  if (batch === undefined) throw new Error('no batch');
  const loss = tidy(() => {
    const { loss, gradient } = model.gradient(batch);
    model.descend(gradient, rate);
    return loss.dataSync()[0];
  });
  return { loss, params: [...(await model.readParams())] };
}

const close = (actual: readonly number[], expected: readonly number[]): void => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, index) => {
    expect(actual[index]).toBeCloseTo(value, 6);
  });
};

describe('one step by hand', () => {
  // softmax(0, 0) = (½, ½); ∂loss/∂logits = (½ − 1, ½); the input is (1, 0).
  test.each([1, 3])('categorical crossentropy, in a batch of %i rows', async (rows) => {
    const model = buildModel(dense(2, 2, 'softmax'), 'categoricalCrossentropy', cpu);
    model.setParams(new Float32Array(6));
    const first = await step(model, [[255, 0], 0], 0.1, rows);
    expect(first.loss).toBeCloseTo(Math.LN2, 6);
    close(first.params, [0.05, -0.05, 0, 0, 0.05, -0.05]);
    // logits (0.1, −0.1): softmax 1 / (1 + e^−0.2) = 0.549834
    const second = await step(model, [[255, 0], 0], 0.1, rows);
    expect(second.loss).toBeCloseTo(0.598139, 5);
    close(second.params, [0.0950166, -0.0950166, 0, 0, 0.0950166, -0.0950166]);
    model.dispose();
  });

  // outputs relu(1.5), relu(−1) = (1.5, 0), target (0, 1): ((1.5)² + 1²) / 2; only the live output learns.
  test.each([1, 3])('mean squared error behind relu, in a batch of %i rows', async (rows) => {
    const model = buildModel(dense(1, 2, 'relu'), 'meanSquaredError', cpu);
    model.setParams(Float32Array.of(1, -1, 0.5, 0));
    const { loss, params } = await step(model, [[255], 1], 0.1, rows);
    expect(loss).toBeCloseTo(1.625, 6);
    close(params, [0.85, -1, 0.35, 0]);
    model.dispose();
  });

  test('a certain mistake costs its logits, not infinity', async () => {
    const model = buildModel(dense(1, 2, 'softmax'), 'categoricalCrossentropy', cpu);
    model.setParams(Float32Array.of(1000, -1000, 0, 0));
    const { loss, params } = await step(model, [[255], 1], 1);
    expect(loss).toBe(2000);
    close(params, [999, -999, -1, 1]);
    model.dispose();
  });
});
