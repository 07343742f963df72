import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { initialWeights } from './initial-weights.ts';
import { isTrained, type ModelTopology, normalizing, shapeOf, tokensOf, topologySchema } from './topology.ts';
import { ZOO_NAMES, type ZooName, zooTopology } from './zoo.ts';

const shape = (topology: ModelTopology) => {
  const found = shapeOf(topology);
  if ('problem' in found) throw new Error(found.problem);
  return found;
};

describe('the model zoo', () => {
  it.each([
    ['softmax', 7_850],
    ['seed-dense', 7_850],
    ['mlp-2nn', 199_210],
    ['cnn-small', 9_098],
    ['cnn', 1_663_370],
  ] as const)('%s has %i parameters and ten outputs', (name, parameters) => {
    const model = shape(zooTopology(name));
    expect(model.layout.size).toBe(parameters);
    expect(model.output).toEqual([10]);
  });

  it('passes its own schema', () => {
    for (const name of ZOO_NAMES) expect(v.is(topologySchema, zooTopology(name))).toBe(true);
  });

  it('hands out copies: changing one leaves the next as it was', () => {
    const first = zooTopology('softmax');
    first.input[0] = 1;
    expect(zooTopology('softmax').input).toEqual([28, 28, 1]);
  });

  it('would be another model with valid padding: 582,026 parameters', () => {
    const topology = zooTopology('cnn');
    for (const layer of topology.layers)
      if (layer.class_name === 'Conv2D' || layer.class_name === 'MaxPooling2D') layer.config.padding = 'valid';
    expect(shape(topology).layout.size).toBe(582_026);
  });
});

describe('shapeOf', () => {
  const problem = (topology: ModelTopology): string => {
    const found = shapeOf(topology);
    return 'problem' in found ? found.problem : '';
  };
  const dense = (name: string, units: number) =>
    ({ class_name: 'Dense', config: { name, units, activation: 'linear' } }) as const;

  it('refuses a Dense layer on an image, a convolution on a flat input and two layers of one name', () => {
    expect(problem({ input: [28, 28, 1], layers: [dense('a', 2)] })).toMatch(/Flatten/);
    expect(problem({ input: [4], layers: [dense('a', 2), dense('a', 2)] })).toMatch(/two layers/);
    expect(
      problem({
        input: [4],
        layers: [
          { class_name: 'MaxPooling2D', config: { name: 'p', pool_size: [2, 2], strides: [2, 2], padding: 'same' } },
        ],
      }),
    ).toMatch(/height/);
  });

  it('refuses a window larger than its input and a model without weights', () => {
    const pool = {
      class_name: 'MaxPooling2D',
      config: { name: 'p', pool_size: [5, 5], strides: [1, 1], padding: 'valid' },
    } as const;
    expect(problem({ input: [4, 4, 1], layers: [structuredClone(pool) as never] })).toMatch(/larger/);
    expect(problem({ input: [4, 4, 1], layers: [{ class_name: 'Flatten', config: { name: 'f' } }] })).toMatch(
      /nothing/,
    );
  });

  it('threat C17: counts 1e12 parameters without allocating them, and refuses', () => {
    expect(problem({ input: [100_000], layers: [dense('a', 100_000_000)] })).toMatch(/more than/);
  });

  it('threat C17: counts activations before anything is allocated: few parameters can still make gigabytes', () => {
    const wide = {
      class_name: 'Conv2D',
      config: {
        name: 'c',
        filters: 10_000,
        kernel_size: [1, 1],
        strides: [1, 1],
        padding: 'same',
        activation: 'relu',
      },
    } as const;
    const topology = structuredClone({ input: [1024, 1024, 1], layers: [wide] }) as unknown as ModelTopology;
    expect(problem(topology)).toMatch(/more than 67108864 bytes at layer c/);
  });

  const embedding = (rows: number) =>
    ({ class_name: 'Embedding', config: { name: 'words', input_dim: rows, output_dim: 8 } }) as const;
  const average = { class_name: 'GlobalAveragePooling1D', config: { name: 'mean' } } as const;

  it('takes tokens through an Embedding and their mean to a Dense layer', () => {
    const topology = { input: [20], layers: [embedding(100), average, dense('out', 2)] };
    const model = shape(topology);
    expect(model.weights.map(({ name, shape: sides }) => [name, sides])).toEqual([
      ['words/embeddings', [100, 8]],
      ['out/kernel', [8, 2]],
      ['out/bias', [2]],
    ]);
    expect(model.output).toEqual([2]);
    expect(tokensOf(topology)).toBe(100);
    expect(tokensOf({ input: [2], layers: [dense('out', 2)] })).toBeNull();
    const start = initialWeights(model, 1).subarray(0, 800);
    expect(Math.max(...start)).toBeLessThanOrEqual(0.05);
    expect(Math.max(...start)).toBeGreaterThan(0.045);
  });

  it('refuses an Embedding that is not the first, one of 1e12 values, and means of the wrong input', () => {
    const big = { class_name: 'Embedding', config: { name: 'w', input_dim: 1e8, output_dim: 1e4 } } as const;
    expect(problem({ input: [20], layers: [dense('a', 4), embedding(100)] })).toMatch(/first layer/);
    expect(problem({ input: [2, 2, 1], layers: [embedding(100)] })).toMatch(/first layer/);
    expect(problem({ input: [20], layers: [big] })).toMatch(/more than 100000000 parameters/);
    expect(problem({ input: [20], layers: [average, dense('a', 4)] })).toMatch(/steps/);
    const mean2d = { class_name: 'GlobalAveragePooling2D', config: { name: 'm' } } as const;
    expect(problem({ input: [20], layers: [mean2d, dense('a', 4)] })).toMatch(/height/);
    expect(shape({ input: [4, 4, 3], layers: [mean2d, dense('a', 4)] }).layout.size).toBe(16);
  });

  const norm = (config: object = {}) =>
    v.parse(topologySchema, {
      input: [1],
      layers: [{ class_name: 'BatchNormalization', config: { name: 'norm', ...config } }],
    }).layers[0] as ModelTopology['layers'][number];

  it('gives a BatchNormalization four tensors in Keras’ order, and begins it as the identity', () => {
    const bent = { class_name: 'Activation', config: { name: 'bent', activation: 'relu' } } as const;
    const mean = { class_name: 'GlobalAveragePooling2D', config: { name: 'mean' } } as const;
    const topology: ModelTopology = { input: [4, 4, 3], layers: [norm(), bent, mean, dense('out', 2)] };
    const model = shape(topology);
    expect(model.weights.slice(0, 4).map(({ name, shape: sides }) => [name, sides])).toEqual([
      ['norm/gamma', [3]],
      ['norm/beta', [3]],
      ['norm/moving_mean', [3]],
      ['norm/moving_variance', [3]],
    ]);
    expect([model.layout.size, model.output]).toEqual([20, [2]]);
    expect([...initialWeights(model, 5).subarray(0, 12)]).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
    expect(model.layout.entries.filter(isTrained).map(({ name }) => name)).toEqual([
      'norm/gamma',
      'norm/beta',
      'out/kernel',
      'out/bias',
    ]);
    expect(normalizing(topology)).toEqual(['norm']);
    expect(norm()).toEqual({
      class_name: 'BatchNormalization',
      config: { name: 'norm', momentum: 0.99, epsilon: 0.001 },
    });
  });

  it('takes of a BatchNormalization the last axis alone, and counts its tensors before anything is allocated', () => {
    const on = (input: number[], axis: number) => problem({ input, layers: [norm({ axis }), dense('out', 2)] });
    expect([on([4], -1), on([4], 1)]).toEqual(['', '']);
    expect(on([4], 2)).toBe('norm: this layer normalizes the last axis alone');
    expect(on([4, 4, 3], 1)).toMatch(/last axis/);
    expect(on([4, 4, 3], 3)).toMatch(/Flatten/);
    const wide = { class_name: 'Conv2D', config: { name: 'c', filters: 3e7, kernel_size: [1, 1] } } as const;
    const conv = { ...wide, config: { ...wide.config, strides: [1, 1], padding: 'same', activation: 'relu' } } as const;
    expect(problem({ input: [1, 1, 1], layers: [conv, norm()] } as unknown as ModelTopology)).toMatch(/more than/);
    for (const config of [{ momentum: 1 }, { momentum: -0.1 }, { epsilon: 0 }, { epsilon: Number.NaN }, { axis: 0 }])
      expect(() => norm(config)).toThrow();
  });

  it('threat C17: knows only layers on the list: Lambda, __proto__ and unknown keys are refused by the schema', () => {
    const lambda = { input: [4], layers: [{ class_name: 'Lambda', config: { name: 'a' } }] };
    const proto = JSON.parse('{"input":[4],"layers":[{"class_name":"__proto__","config":{"name":"a"}}]}');
    const extra = { input: [4], layers: [{ class_name: 'Flatten', config: { name: 'a', code: 'x' } }] };
    for (const input of [lambda, proto, extra]) expect(v.is(topologySchema, input)).toBe(false);
  });
});

describe('initialWeights', () => {
  const weights = (name: ZooName, seed: number) => initialWeights(shape(zooTopology(name)), seed);

  it('is the same for the same seed and differs for another', () => {
    expect(weights('mlp-2nn', 1)).toEqual(weights('mlp-2nn', 1));
    expect(weights('mlp-2nn', 1)).not.toEqual(weights('mlp-2nn', 2));
  });

  it('draws kernels within the bound of Glorot and leaves biases at zero', () => {
    const model = shape(zooTopology('softmax'));
    const flat = weights('softmax', 4);
    const bound = Math.sqrt(6 / (784 + 10));
    const kernel = flat.subarray(0, 7_840);
    expect(Math.max(...kernel)).toBeLessThanOrEqual(bound);
    expect(Math.max(...kernel)).toBeGreaterThan(0.95 * bound);
    expect(Math.min(...kernel)).toBeLessThan(-0.95 * bound);
    expect([...flat.subarray(7_840)]).toEqual(new Array(10).fill(0));
    expect(model.layout.entries.map((entry) => entry.name)).toEqual(['output/kernel', 'output/bias']);
  });

  it('draws He normal weights of deviation √(2 / fanIn)', () => {
    const model = shape({
      input: [50],
      layers: [
        { class_name: 'Dense', config: { name: 'a', units: 400, activation: 'relu', kernel_initializer: 'heNormal' } },
      ],
    });
    const kernel = initialWeights(model, 3).subarray(0, 20_000);
    const variance = kernel.reduce((sum, x) => sum + x * x, 0) / kernel.length;
    expect(Math.abs(variance - 2 / 50)).toBeLessThan(0.002);
  });
});
