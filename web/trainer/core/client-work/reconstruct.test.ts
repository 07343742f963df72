import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelTopology } from '../../../../shared/model/topology.ts';
import type { ExampleForm } from '../../../../shared/task/kinds/form.ts';
import { movies } from '../../../../shared/task/templates/movies.ts';
import { openWasm } from '../backends/wasm.ts';
import { evaluate, SCORED_SEED } from '../evaluate.ts';
import { examplesOf } from '../examples.ts';
import { buildModel, type DeviceModel } from '../model.ts';
import { tastesOf } from '../taste.ts';
import { train } from '../train.ts';

const topology: ModelTopology = {
  input: [1],
  layers: [
    { class_name: 'Embedding', config: { name: 'items', input_dim: 4, output_dim: 3 } },
    { class_name: 'Flatten', config: { name: 'flat' } },
  ],
};
const form: ExampleForm = {
  shape: [1],
  features: { type: 'int32', below: 4 },
  target: { type: 'number', offset: 3, scale: 2 },
  taste: { ridge: 1 },
};
const params = Float32Array.of(1, 0, 0.5, 0, 2, 0, 1, 1, -1, 1, -1, 0);
/** Items 0 and 2, rated 2 and 4: one of the two makes the taste, and the other is learnt from. */
const own = examplesOf(form, [{ features: Int32Array.of(0, 2), targets: Float32Array.of(2, 4) }]);
/** As the model has them. */
const targets = [-0.5, 0.5];
const plan = { ...movies.client, batchSize: 4, learningRate: 0.1, epochs: 1 };

let model: DeviceModel;
beforeAll(async () => {
  const opened = await openWasm();
  if (!opened.ok) throw new Error(opened.reason);
  await opened.device.activate();
  model = buildModel(topology, 'meanSquaredError', opened.device);
});
afterAll(() => model.dispose());

describe('reconstruct', () => {
  it('moves the factors along residual · taste and the bias along the residual, for what was tried, and nothing else', async () => {
    const tastes = tastesOf({ params, width: 3 }, own, 5);
    const [query = -1] = tastes.order;
    const taste = tastes.of(query);
    const item = [0, 2][query] ?? 0;
    const row = params.subarray(3 * item, 3 * item + 3);
    const said = row.reduce((sum, factor, at) => sum + factor * (taste[at] as number), 0);
    const step = -0.1 * 2 * (said - (targets[query] as number));
    const before = memory().numTensors;
    const outcome = await train(model, params, own, { plan, seed: 5 });
    expect(memory().numTensors).toBe(before);
    if (!outcome.ok) throw new Error(outcome.message);
    const expected = new Float32Array(12);
    for (const [at, weight] of taste.entries()) expected[3 * item + at] = step * weight;
    expect(outcome.steps).toBe(1);
    expect([...outcome.delta].map((value) => value.toFixed(5))).toEqual([...expected].map((value) => value.toFixed(5)));
  });

  it('hides nothing from whoever sees one report alone: items, taste and ratings can be worked out from it', async () => {
    // This is a limit, stated so that nobody claims more: only a sum over many, seen as a sum, would hide them.
    const outcome = await train(model, params, own, { plan, seed: 5 });
    if (!outcome.ok) throw new Error(outcome.message);
    const { delta } = outcome;
    const rated = [0, 1, 2, 3].filter((item) => delta[3 * item + 2] !== 0);
    const [item = -1] = rated;
    const taste = [0, 1].map((at) => (delta[3 * item + at] as number) / (delta[3 * item + 2] as number));
    const tastes = tastesOf({ params, width: 3 }, own, 5);
    const [query = -1] = tastes.order;
    expect(rated).toEqual([[0, 2][query]]);
    for (const at of [0, 1]) expect(taste[at]).toBeCloseTo(tastes.of(query)[at] as number, 4);
  });

  it('is scored on the half that the taste was not made of', async () => {
    model.setParams(params);
    const score = await evaluate(model, own);
    const tastes = tastesOf({ params, width: 3 }, own, SCORED_SEED);
    const [query = -1] = tastes.order;
    const item = [0, 2][query] ?? 0;
    const taste = tastes.of(query);
    const said = taste.reduce((sum, weight, at) => sum + weight * (params[3 * item + at] as number), 0);
    expect(score?.examples).toBe(1);
    expect(score?.absoluteError).toBeCloseTo(2 * Math.abs(said - (targets[query] as number)), 5);
  });
});
