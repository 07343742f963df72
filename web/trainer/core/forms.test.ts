import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ModelTopology } from '../../../shared/model/topology.ts';
import type { ExampleForm } from '../../../shared/task/kinds/form.ts';
import { openCpu } from './backends/cpu.ts';
import type { Device } from './device.ts';
import { evaluate } from './evaluate.ts';
import { examplesOf, formOfModel } from './examples.ts';
import { dense, plan } from './fixtures/tiny.ts';
import { buildModel } from './model.ts';
import { predict } from './predict.ts';
import { probeStep } from './probe.ts';
import { train } from './train.ts';

// Examples that are no images, by hand: a model that predicts a number, and one that reads tokens.

let cpu: Device;
beforeAll(async () => {
  cpu = await openCpu();
});

describe('a model that predicts a number', () => {
  const form: ExampleForm = {
    shape: [1],
    features: { type: 'float32' },
    target: { type: 'number', offset: 10, scale: 2 },
  };
  // Scaled: 1 at 1, and 3 at 2.
  const two = examplesOf(form, [{ features: Float32Array.of(1, 2), targets: Float32Array.of(12, 16) }]);
  const topology = dense(1, 1, 'linear');
  const numbers = plan({ loss: 'meanSquaredError', learningRate: 0.1 });

  test('goes down the gradient of the scaled errors, and reports them in the unit of the target', async () => {
    const model = buildModel(topology, 'meanSquaredError', cpu);
    model.setParams(new Float32Array(2));
    expect(await evaluate(model, two)).toEqual({ loss: 5, absoluteError: 4, examples: 2 });
    const tensors = memory().numTensors;
    const outcome = await train(model, new Float32Array(2), two, { plan: numbers, seed: 1 });
    if (!outcome.ok) throw new Error(outcome.message);
    // ∂/∂w = mean 2 (o − t) x = −7, ∂/∂b = −4
    expect(outcome.delta[0]).toBeCloseTo(0.7, 6);
    expect(outcome.delta[1]).toBeCloseTo(0.4, 6);
    expect(outcome.metrics).toMatchObject({ accuracyBefore: null, accuracyAfter: null, lossBefore: 5 });
    expect(memory().numTensors).toBe(tensors);
    model.dispose();
  });

  test('is never infinitely far off in a score: JSON could not say so', async () => {
    const model = buildModel(topology, 'meanSquaredError', cpu);
    model.setParams(Float32Array.of(3e38, 3e38));
    expect(await evaluate(model, two)).toMatchObject({ absoluteError: 3.4028234663852886e38 });
    model.dispose();
  });

  test('answers with its number, negative or not', async () => {
    const model = buildModel(topology, 'meanSquaredError', cpu);
    model.setParams(Float32Array.of(-3, 1));
    expect(await predict(model, Float32Array.of(2))).toEqual(Float32Array.of(-5));
    model.dispose();
  });
});

describe('a model that reads tokens', () => {
  const topology: ModelTopology = {
    input: [2],
    layers: [
      { class_name: 'Embedding', config: { name: 'words', input_dim: 3, output_dim: 1 } },
      { class_name: 'GlobalAveragePooling1D', config: { name: 'mean' } },
      { class_name: 'Dense', config: { name: 'output', units: 2, activation: 'softmax' } },
    ],
  };

  test('moves the rows of the tokens that it saw, and no others', async () => {
    const form = formOfModel(topology);
    expect(form).toMatchObject({ shape: [2], features: { type: 'int32', below: 3 } });
    const model = buildModel(topology, 'categoricalCrossentropy', cpu);
    const one = examplesOf(form, [{ features: Int32Array.of(1, 2), targets: Uint16Array.of(0) }]);
    const start = Float32Array.of(0, 0, 0, 1, -1, 0, 0);
    const outcome = await train(model, start, one, { plan: plan({ learningRate: 1 }), seed: 1 });
    if (!outcome.ok) throw new Error(outcome.message);
    // Of even odds: the mean gets −1, each of its two rows half of it, the biases −½ and ½.
    expect([...outcome.delta]).toEqual([0, 0.5, 0.5, 0, 0, 0.5, -0.5]);
    model.dispose();
  });

  test('is probed on tokens that it knows', async () => {
    const model = buildModel(topology, 'categoricalCrossentropy', cpu);
    const { loss, deltas } = await probeStep(model, topology, 4);
    expect(loss).toBeCloseTo(Math.LN2, 1);
    expect(deltas.some((delta) => delta.some((change) => change !== 0))).toBe(true);
    model.dispose();
  });
});

test('a mean over the places of an image feeds a Dense layer', async () => {
  const topology: ModelTopology = {
    input: [2, 2, 1],
    layers: [
      { class_name: 'GlobalAveragePooling2D', config: { name: 'mean' } },
      { class_name: 'Dense', config: { name: 'output', units: 2, activation: 'linear' } },
    ],
  };
  const model = buildModel(topology, 'meanSquaredError', cpu);
  model.setParams(Float32Array.of(3, 1, 0, 0));
  const [first, second] = await predict(model, Uint8Array.of(255, 0, 0, 255));
  expect(first).toBeCloseTo(0.75, 6);
  expect(second).toBeCloseTo(0.25, 6);
  model.dispose();
});
