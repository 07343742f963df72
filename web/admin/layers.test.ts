import { expect, it } from 'vitest';
import { shapeOf } from '../../shared/model/topology.ts';
import { ZOO_NAMES, zooTopology } from '../../shared/model/zoo.ts';
import { layerRows } from './layers.ts';

it('names each layer with its output and its parameters', () => {
  expect(layerRows(zooTopology('mlp-2nn'))).toEqual([
    { name: 'flatten', kind: 'Flatten', output: [784], parameters: 0 },
    { name: 'hidden_1', kind: 'Dense', output: [200], parameters: 157_000 },
    { name: 'hidden_2', kind: 'Dense', output: [200], parameters: 40_200 },
    { name: 'output', kind: 'Dense', output: [10], parameters: 2_010 },
  ]);
});

it.each(ZOO_NAMES)('adds up to the parameters of %s', (name) => {
  const shape = shapeOf(zooTopology(name));
  const total = layerRows(zooTopology(name)).reduce((sum, { parameters }) => sum + parameters, 0);
  expect('problem' in shape ? 0 : shape.layout.size).toBe(total);
});
