// The package that people load the model with, not the parts of it that the trainer is built from.
import { io, type LayersModel, loadLayersModel, setBackend, type Tensor, tensor, tidy } from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLayersModel } from '../shared/model/import/layers-model.ts';
import { joinWeights, planWeights } from '../shared/model/import/weight-files.ts';
import { ZOO_NAMES, zooTopology } from '../shared/model/zoo.ts';
import { type RunningServer, startServer } from './fixtures/server.ts';

/** As `model.save` hands it to whoever stores it. */
async function artifactsOf(model: LayersModel): Promise<{ readonly json: unknown; readonly weights: Uint8Array }> {
  let saved: io.ModelArtifacts | undefined;
  await model.save(
    io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  const { modelTopology, weightSpecs, weightData } = saved as io.ModelArtifacts;
  const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
  // Through text, as in a file.
  const json: unknown = JSON.parse(JSON.stringify({ modelTopology, weightsManifest }));
  return { json, weights: new Uint8Array(weightData as ArrayBuffer) };
}

let server: RunningServer;
beforeAll(async () => {
  // TF.js has one engine in a thread, and other tests of this one may have left it another.
  await setBackend('cpu');
  server = await startServer();
});
afterAll(() => server.dispose());

test.each(ZOO_NAMES)('tf.loadLayersModel opens the %s of the server, with its weights', async (zoo) => {
  const isRelu = zoo === 'seed-dense';
  await server.adminJson('/api/tasks', {
    body: { template: isRelu ? 'seed-dense' : 'digits', id: zoo, model: { zoo, seed: 7 } },
  });
  const model = await loadLayersModel(`${server.url}/api/tasks/${zoo}/model/model.json?version=0`);
  const served = new Float32Array(
    await (await fetch(`${server.url}/api/tasks/${zoo}/model/weights.bin`)).arrayBuffer(),
  );
  const loaded = Float32Array.from(model.getWeights().flatMap((weight) => [...weight.dataSync()]));
  expect(loaded.length).toBe(served.length);
  expect(Buffer.from(loaded.buffer).equals(Buffer.from(served.buffer))).toBe(true);

  // What TF.js itself writes of it comes in again as it went out.
  const written = await artifactsOf(model);
  const brought = readLayersModel(written.json);
  if (!brought.ok) throw new Error(JSON.stringify(brought.failure));
  expect(brought.value.topology).toEqual(zooTopology(zoo));
  const plan = planWeights(brought.value);
  if (!plan.ok) throw new Error(JSON.stringify(plan.failure));
  const weights = joinWeights(plan.value, new Map([['weights.bin', written.weights]]));
  expect(weights.ok && Buffer.from(weights.value.buffer).equals(Buffer.from(served.buffer))).toBe(true);

  const image = tensor(new Float32Array(784).fill(0.5), [1, 28, 28, 1]);
  const output = [...tidy(() => (model.predict(image) as Tensor).dataSync())];
  expect(output).toHaveLength(10);
  const sum = output.reduce((total, share) => total + share, 0);
  if (isRelu) expect(Math.min(...output)).toBeGreaterThanOrEqual(0);
  else expect(sum).toBeCloseTo(1, 5);
  image.dispose();
  model.dispose();
});

test('tf.loadLayersModel opens a model with a normalization, which is as it began', async () => {
  const layers = [
    { class_name: 'BatchNormalization', config: { name: 'norm', momentum: 0.9 } },
    { class_name: 'Activation', config: { name: 'bent', activation: 'relu' } },
    { class_name: 'Flatten', config: { name: 'flat' } },
    { class_name: 'Dense', config: { name: 'output', units: 10, activation: 'softmax' } },
  ];
  const topology = { input: [28, 28, 1], layers };
  await server.adminJson('/api/tasks', {
    body: { template: 'digits', id: 'fedbn', model: { topology, seed: 7 }, client: { local: ['norm'] } },
  });
  const model = await loadLayersModel(`${server.url}/api/tasks/fedbn/model/model.json`);
  const norm = model.getLayer('norm');
  expect(norm.getWeights().map((weight) => [...weight.dataSync()])).toEqual([[1], [0], [0], [1]]);
  expect(norm.getConfig()).toMatchObject({ momentum: 0.9, epsilon: 0.001, center: true, scale: true });

  // What TF.js itself writes of it comes in again as it went out.
  const written = await artifactsOf(model);
  const brought = readLayersModel(written.json);
  if (!brought.ok) throw new Error(JSON.stringify(brought.failure));
  expect(brought.value.topology.layers.map(({ class_name }) => class_name)).toEqual(
    layers.map(({ class_name }) => class_name),
  );
  const plan = planWeights(brought.value);
  if (!plan.ok) throw new Error(JSON.stringify(plan.failure));
  const served = await (await fetch(`${server.url}/api/tasks/fedbn/model/weights.bin`)).arrayBuffer();
  const weights = joinWeights(plan.value, new Map([['weights.bin', written.weights]]));
  expect(weights.ok && Buffer.from(weights.value.buffer).equals(Buffer.from(served))).toBe(true);
  model.dispose();
});
