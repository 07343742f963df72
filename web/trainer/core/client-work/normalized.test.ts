import { beforeAll, beforeEach, expect, test } from 'vitest';
import { initialWeights } from '../../../../shared/model/initial-weights.ts';
import { isTrained, type ModelTopology, shapeOf } from '../../../../shared/model/topology.ts';
import type { ClientPlan } from '../../../../shared/task/spec.ts';
import { openCpu } from '../backends/cpu.ts';
import type { Device } from '../device.ts';
import { weightsAfter } from '../fixtures/line.ts';
import { examples } from '../fixtures/tiny.ts';
import { ditto } from './ditto.ts';
import { CLIENT_WORK, type ClientWork } from './index.ts';

let cpu: Device;
beforeAll(async () => {
  cpu = await openCpu();
});
beforeEach(() => cpu.activate());

/** What is normalized are the inputs themselves: their mean and variance do not depend on what is learned. */
const topology: ModelTopology = {
  input: [2],
  layers: [
    { class_name: 'BatchNormalization', config: { name: 'norm', momentum: 0.5, epsilon: 0.001 } },
    { class_name: 'Dense', config: { name: 'output', units: 2, activation: 'softmax' } },
  ],
};
const shape = shapeOf(topology);
if ('problem' in shape) throw new Error(shape.problem);
const start = initialWeights(shape, 1);
/** Four examples: whatever the order, in one batch of three and one of one, or in one of four. */
const four = examples([2], 2, [
  [[0, 51], 0],
  [[255, 51], 1],
  [[0, 51], 1],
  [[255, 51], 0],
]);
const { entries } = shape.layout;
const valuesOf = (params: Float32Array, name: string): number[] => {
  const { offset, size } = entries.find((entry) => entry.name === name)!;
  return [...params.subarray(offset, offset + size)];
};

test.each<[string, ClientWork, Partial<ClientPlan>]>([
  ['sgd', CLIENT_WORK.sgd, {}],
  ['sgd with momentum', CLIENT_WORK.sgd, { optimizer: 'momentum', momentum: 0.9 }],
  ['full-batch', CLIENT_WORK['full-batch'], { work: 'full-batch' }],
  ['prox', CLIENT_WORK.prox, { work: 'prox', mu: 5 }],
  ['ditto', ditto(start, 5), {}],
])(
  'a moving mean and variance take no steps: by %s they go half of the way to those of the batch, and are pulled nowhere',
  async (_, work, changes) => {
    const params = await weightsAfter(work, start, cpu, {
      ...{ topology, examples: four },
      changes: { batchSize: 4, epochs: 1, learningRate: 0.1, ...changes },
    });
    const [mean, variance] = [valuesOf(params, 'norm/moving_mean'), valuesOf(params, 'norm/moving_variance')];
    // Inputs of 0, 1, 0, 1 and of 0.2: means 0.5 and 0.2, variances 0.25 and 0.
    expect(mean[0]).toBeCloseTo(0.25, 6);
    expect(mean[1]).toBeCloseTo(0.1, 6);
    expect(variance[0]).toBeCloseTo(0.625, 6);
    expect(variance[1]).toBeCloseTo(0.5, 6);
    for (const { name } of entries.filter(isTrained).filter(({ name }) => !name.startsWith('norm')))
      expect(valuesOf(params, name)).not.toEqual(valuesOf(start, name));
  },
);

test('of a last batch with one example and padding they stay as they are', async () => {
  const run = (batchSize: number, maxSteps: number) =>
    weightsAfter(CLIENT_WORK.sgd, start, cpu, {
      ...{ topology, examples: four },
      changes: { batchSize, maxSteps, learningRate: 0.1 },
    });
  const [one, both] = [await run(3, 1), await run(3, 2)];
  for (const name of ['norm/moving_mean', 'norm/moving_variance'])
    expect(valuesOf(both, name)).toEqual(valuesOf(one, name));
  expect(valuesOf(both, 'output/kernel')).not.toEqual(valuesOf(one, 'output/kernel'));
});
