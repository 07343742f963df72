import { expect, test } from 'vitest';
import { readLayersModel } from '../../../shared/model/import/layers-model.ts';
import type { ModelTopology } from '../../../shared/model/topology.ts';
import { ZOO_NAMES, zooTopology } from '../../../shared/model/zoo.ts';
import { modelOf } from '../../../shared/task/model-of.ts';
import { layersModel } from './layers-model.ts';

test('a dense model, layer by layer', () => {
  const topology = zooTopology('softmax');
  const model = layersModel(topology, modelOf({ model: { zoo: 'softmax', seed: 1 } }).layout, 'digits');
  expect(model.modelTopology.config).toEqual({
    name: 'digits',
    layers: [
      {
        class_name: 'Flatten',
        config: { batch_input_shape: [null, 28, 28, 1], dtype: 'float32', name: 'flatten', trainable: true },
      },
      {
        class_name: 'Dense',
        config: {
          name: 'output',
          trainable: true,
          units: 10,
          activation: 'softmax',
          use_bias: true,
          kernel_initializer: { class_name: 'GlorotUniform', config: { seed: null } },
          bias_initializer: { class_name: 'Zeros', config: {} },
        },
      },
    ],
  });
  expect(model.weightsManifest).toEqual([
    {
      paths: ['weights.bin'],
      weights: [
        { name: 'output/kernel', shape: [784, 10], dtype: 'float32' },
        { name: 'output/bias', shape: [10], dtype: 'float32' },
      ],
    },
  ]);
});

test('tokens and means keep their settings', () => {
  const topology: ModelTopology = {
    input: [4],
    layers: [
      { class_name: 'Embedding', config: { name: 'words', input_dim: 9, output_dim: 2 } },
      { class_name: 'GlobalAveragePooling1D', config: { name: 'mean' } },
      { class_name: 'Dense', config: { name: 'output', units: 2, activation: 'softmax' } },
    ],
  };
  const { layout } = modelOf({ model: { topology, seed: 1 } });
  const { layers } = layersModel(topology, layout, 'text').modelTopology.config;
  expect(layers.slice(0, 2)).toEqual([
    {
      class_name: 'Embedding',
      config: {
        ...{ batch_input_shape: [null, 4], dtype: 'float32', name: 'words', trainable: true },
        ...{ input_dim: 9, output_dim: 2 },
      },
    },
    { class_name: 'GlobalAveragePooling1D', config: { name: 'mean', trainable: true } },
  ]);
});

test('a normalization keeps its settings, and comes back as it was', () => {
  const topology: ModelTopology = {
    input: [4],
    layers: [
      { class_name: 'BatchNormalization', config: { name: 'norm', momentum: 0.9, epsilon: 0.01 } },
      { class_name: 'Activation', config: { name: 'bent', activation: 'tanh' } },
      { class_name: 'Dense', config: { name: 'output', units: 2, activation: 'softmax' } },
    ],
  };
  const model = layersModel(topology, modelOf({ model: { topology, seed: 1 } }).layout, 'mine');
  expect(model.modelTopology.config.layers.slice(0, 2)).toEqual([
    {
      class_name: 'BatchNormalization',
      config: {
        ...{ batch_input_shape: [null, 4], dtype: 'float32', name: 'norm', trainable: true },
        ...{ axis: -1, momentum: 0.9, epsilon: 0.01, center: true, scale: true },
      },
    },
    { class_name: 'Activation', config: { name: 'bent', trainable: true, activation: 'tanh' } },
  ]);
  const again = readLayersModel(model);
  expect(again.ok && again.value.topology.layers[0]?.config).toEqual({
    ...{ name: 'norm', axis: -1, momentum: 0.9, epsilon: 0.01 },
  });
  expect(again.ok && again.value.shape.layout.sha256).toBe(modelOf({ model: { topology, seed: 1 } }).layout.sha256);
});

test.each(ZOO_NAMES)('%s: plain JSON, the input on the first layer only', (zoo) => {
  const model = layersModel(zooTopology(zoo), modelOf({ model: { zoo, seed: 1 } }).layout, 'task');
  expect(JSON.parse(JSON.stringify(model))).toEqual(model);
  const inputs = model.modelTopology.config.layers.map(({ config }) => 'batch_input_shape' in config);
  expect(inputs.indexOf(true)).toBe(0);
  expect(inputs.lastIndexOf(true)).toBe(0);
});
