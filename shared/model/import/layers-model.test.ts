import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../limits.ts';
import { topologySchema } from '../topology.ts';
import { readLayersModel, readLayersModelText } from './layers-model.ts';
import { messageOf } from './problem.ts';

/** `handmade-…` is written by hand in the forms that Keras 2 and 3 and the converter document: neither has seen it. */
const fixture = (name: string) => JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));
const read = (json: unknown) => {
  const found = readLayersModel(json);
  if (!found.ok) throw new Error(found.failure.map((one) => `${one.path}: ${messageOf(one)}`).join('\n'));
  return found.value;
};
/** Path and code of what is wrong. */
const wrong = (json: unknown): string[] => {
  const found = readLayersModel(json);
  return found.ok ? [] : found.failure.map(({ path, code }) => `${path} ${code}`);
};
const sequential = (input: unknown, ...layers: readonly (readonly [string, object])[]) => ({
  class_name: 'Sequential',
  config: {
    name: 'model',
    layers: layers.map(([class_name, config], index) => ({
      class_name,
      config: { name: `layer_${index}`, ...(index === 0 ? { batch_input_shape: input } : {}), ...config },
    })),
  },
});
const dense = (units: unknown, config: object = {}) => ['Dense', { units, ...config }] as const;
const flat = (config: object) => sequential([null, 4], dense(2, config));

describe('what Keras 3.15.1 itself writes by `model.to_json()`, made by keras-3.15.1.py beside it', () => {
  const written = fixture('keras-3.15.1');

  it.each([
    [
      'digits',
      4_138,
      ['Conv2D conv2d relu', 'MaxPooling2D max_pooling2d', 'Flatten flatten', 'Dense classes softmax'],
      [{ code: 'left-out', layer: 'dropout' }],
    ],
    ['minutes', 337, ['Dense hidden_1 relu', 'Dense hidden_2 tanh', 'Dense minutes linear'], []],
    ['words', 210, ['Embedding words', 'GlobalAveragePooling1D mean', 'Dense classes softmax'], []],
  ])('%s: alone, and as the topology of a model.json', (name, parameters, layers, notes) => {
    for (const json of [written[name], { format: 'layers-model', modelTopology: { model_config: written[name] } }]) {
      const model = read(json);
      expect(model.shape.layout.size).toBe(parameters);
      expect(
        model.topology.layers.map(({ class_name, config }) =>
          [class_name, config.name, 'activation' in config ? config.activation : []].flat().join(' '),
        ),
      ).toEqual(layers);
      expect(model.notes).toEqual(notes);
    }
  });
});

describe('a model.json in the form of the converter, made by hand,', () => {
  it('of a Sequential model of Keras 2: activations merged, what acts only in training left out', () => {
    const model = read(fixture('handmade-keras-2-sequential'));
    expect(model.topology).toEqual({
      input: [28, 28, 1],
      layers: [
        {
          class_name: 'Conv2D',
          config: {
            ...{ name: 'conv2d', filters: 8, kernel_size: [5, 5], strides: [2, 2], padding: 'same' },
            activation: 'relu',
          },
        },
        {
          class_name: 'MaxPooling2D',
          config: { name: 'max_pooling2d', pool_size: [2, 2], strides: [2, 2], padding: 'valid' },
        },
        { class_name: 'Flatten', config: { name: 'flatten' } },
        { class_name: 'Dense', config: { name: 'classes', units: 10, activation: 'softmax' } },
      ],
    });
    expect(model.shape.layout.size).toBe(4_138);
    expect(model.notes).toEqual([{ code: 'left-out', layer: 'dropout' }]);
  });

  it('of a Functional chain of Keras 3, in the order of its calls and with names that can stand here', () => {
    const model = read(fixture('handmade-keras-3-functional'));
    expect(model.topology.input).toEqual([11]);
    expect(model.topology.layers.map(({ config }) => config)).toEqual([
      { name: 'hidden_1', units: 16, activation: 'relu' },
      { name: 'hidden_2', units: 8, activation: 'tanh' },
      { name: 'minutes', units: 1, activation: 'linear' },
    ]);
    expect([...model.originals]).toEqual([
      ['hidden_1', 'Hidden-1'],
      ['hidden_2', 'Hidden-2'],
      ['minutes', 'minutes'],
    ]);
  });

  it('of the calls of Keras 2, and of the layers alone', () => {
    const json = fixture('handmade-keras-3-functional');
    const { config } = json.modelTopology.model_config;
    for (const layer of config.layers) {
      const from = layer.inbound_nodes[0]?.args[0].config.keras_history;
      layer.inbound_nodes = from === undefined ? [] : [[[...from, {}]]];
    }
    Object.assign(config, { input_layers: [['Trip.Columns', 0, 0]], output_layers: [['minutes', 0, 0]] });
    expect(read(json).topology).toEqual(read(fixture('handmade-keras-3-functional')).topology);
    const old = { class_name: 'Sequential', config: sequential([null, 4], dense(2)).config.layers };
    expect(read(old).shape.layout.size).toBe(10);
  });

  it('gives pictures without a channel one, where they are flattened at once', () => {
    const model = read(sequential([null, 28, 28], ['Flatten', {}], dense(10)));
    expect(model.topology.input).toEqual([28, 28, 1]);
    expect(model.notes).toEqual([{ code: 'channel', layer: 'layer_0' }]);
    expect(wrong(sequential([null, 28, 28], ['GlobalAveragePooling1D', {}], dense(10)))).toEqual([]);
  });

  it('keeps the initializers that are ours, and names that differ only in their signs apart', () => {
    const he = { class_name: 'VarianceScaling', config: { scale: 2, mode: 'fanIn', distribution: 'truncatedNormal' } };
    const model = read(
      sequential(
        [null, 4],
        dense(2, { name: 'A b', kernel_initializer: he }),
        dense(2, { name: 'a.b', kernel_initializer: { class_name: 'Zeros', config: {} } }),
        dense(2, { name: '学习', kernel_initializer: { class_name: 'RandomNormal', config: { stddev: 3 } } }),
      ),
    );
    expect(model.topology.layers.map(({ config }) => config)).toEqual([
      { name: 'a_b', units: 2, activation: 'linear', kernel_initializer: 'heNormal' },
      { name: 'a_b_2', units: 2, activation: 'linear', kernel_initializer: 'zeros' },
      { name: 'layer', units: 2, activation: 'linear' },
    ]);
  });

  it('knows how long the rows of an Embedding are, however Keras says so', () => {
    const words = ['Embedding', { input_dim: 50, output_dim: 4, input_length: 6, mask_zero: false }] as const;
    const rest = [['GlobalAveragePooling1D', {}], dense(2)] as const;
    expect(read(sequential([null, null], words, ...rest)).topology.input).toEqual([6]);
    const bare = sequential(undefined, words, ...rest);
    const built = { ...bare, config: { ...bare.config, build_input_shape: [null, 6] } };
    expect(read(built).topology.input).toEqual([6]);
  });
});

describe('a BatchNormalization', () => {
  const initializer = (class_name: string) => ({ class_name, config: {} });
  /** As `get_config` of Keras 2 has it, in a model that was built. */
  const keras2 = {
    ...{ trainable: true, dtype: 'float32', axis: [1], momentum: 0.9, epsilon: 0.001, center: true, scale: true },
    ...{ beta_initializer: initializer('Zeros'), gamma_initializer: initializer('Ones') },
    ...{ moving_mean_initializer: initializer('Zeros'), moving_variance_initializer: initializer('Ones') },
    ...{ beta_regularizer: null, gamma_regularizer: null, beta_constraint: null, gamma_constraint: null },
  };
  const around = (config: object, ...after: readonly (readonly [string, object])[]) =>
    sequential([null, 4], dense(3), ['BatchNormalization', config], ...after, dense(2));

  it('is taken with its settings, and an activation behind it becomes a layer', () => {
    const { topology, shape, notes } = read(around(keras2, ['Dropout', { rate: 0.5 }], ['ReLU', {}]));
    expect(topology.layers.slice(1, 3)).toEqual([
      { class_name: 'BatchNormalization', config: { name: 'layer_1', axis: 1, momentum: 0.9, epsilon: 0.001 } },
      { class_name: 'Activation', config: { name: 'layer_3', activation: 'relu' } },
    ]);
    expect(shape.layout.entries.slice(2, 6).map(({ name }) => name)).toEqual([
      'layer_1/gamma',
      'layer_1/beta',
      'layer_1/moving_mean',
      'layer_1/moving_variance',
    ]);
    expect(notes).toEqual([{ code: 'left-out', layer: 'layer_2' }]);
    expect(read(around({})).topology.layers[1]?.config).toEqual({
      ...{ name: 'layer_1', axis: -1, momentum: 0.99, epsilon: 0.001 },
    });
  });

  it('of Keras 3 is taken the same', () => {
    const own = (class_name: string) => ({
      module: 'keras.initializers',
      ...initializer(class_name),
      registered_name: null,
    });
    const keras3 = {
      ...{ ...keras2, axis: -1, synchronized: false, renorm: false },
      dtype: { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' }, registered_name: null },
      ...{ beta_initializer: own('Zeros'), gamma_initializer: own('Ones') },
    };
    expect(read(around(keras3)).shape.layout.size).toBe(35);
  });

  it.each<[object, string]>([
    [{ axis: 2 }, ' does-not-fit'],
    [{ axis: 0 }, 'axis fixed'],
    [{ axis: [1, 2] }, 'axis fixed'],
    [{ momentum: 1 }, 'momentum real'],
    [{ momentum: '0.9' }, 'momentum real'],
    [{ epsilon: 0 }, 'epsilon real'],
    [{ center: false }, 'center fixed'],
    [{ scale: false }, 'scale fixed'],
    [{ gamma_initializer: initializer('Zeros') }, 'gamma_initializer fixed'],
    [
      { moving_variance_initializer: { class_name: 'Constant', config: { value: 2 } } },
      'moving_variance_initializer fixed',
    ],
    [{ beta_regularizer: { class_name: 'L2', config: {} } }, 'unknown'],
    [{ renorm: true }, 'unknown'],
    [{ trainable: false }, 'trainable frozen'],
  ])('of other settings is refused: %j', (config, expected) => {
    const [told, ...more] = wrong(around({ ...keras2, ...config }));
    expect([
      told?.replace('model.config.layers.1.config.', '').replace('model.config.layers.1.config', ''),
      more,
    ]).toEqual([expected === 'unknown' ? ' unknown' : expected, []]);
  });
});

describe('what is refused, where, and why', () => {
  it.each([
    [flat({ use_bias: false }), 'use_bias fixed'],
    [flat({ trainable: false }), 'trainable frozen'],
    [flat({ dtype: 'float16' }), 'dtype fixed'],
    [flat({ dtype: { class_name: 'DTypePolicy', config: { name: 'mixed_float16' } } }), 'dtype fixed'],
    [flat({ activation: 'gelu' }), 'activation choice'],
    [flat({ activation: { class_name: 'relu' } }), 'activation choice'],
    [flat({ units: 0 }), 'units whole'],
    [flat({ units: -3 }), 'units whole'],
    [flat({ units: 2.5 }), 'units whole'],
    [flat({ units: null }), 'units whole'],
    [flat({ units: 1e12 }), 'units whole'],
    [flat({ units: '2' }), 'units whole'],
  ])('a setting: %#', (model, expected) => {
    expect(wrong(model)).toEqual([`model.config.layers.0.config.${expected}`]);
  });

  it.each([
    { kernel_regularizer: { class_name: 'L2', config: { l2: 0.01 } } },
    { kernel_constraint: 'maxnorm' },
    { lora_rank: 4 },
    { surprise: 0 },
    JSON.parse('{"__proto__":{"units":1}}'),
    { constructor: 'x' },
  ])('a setting that would change what is learned: %#', (config) => {
    // `...` leaves a `__proto__` out; what comes from JSON has it as a key of its own.
    const model = JSON.parse(JSON.stringify(flat({})));
    for (const key of Object.keys(config))
      Object.defineProperty(model.config.layers[0].config, key, {
        value: config[key as keyof typeof config],
        enumerable: true,
      });
    expect(wrong(model)).toEqual(['model.config.layers.0.config unknown']);
  });

  it.each([
    ['Normalization', 'layer-statistics'],
    ['LayerNormalization', 'layer-class'],
    ['Rescaling', 'layer-scale'],
    ['Sequential', 'layer-nested'],
    ['LSTM', 'layer-class'],
    ['Lambda', 'layer-class'],
    ['__proto__', 'layer-class'],
    ['constructor', 'layer-class'],
    ['InputLayer', 'not-a-chain'],
  ])('a layer %s', (name, code) => {
    const [told] = wrong(sequential([null, 4], dense(2), [name, {}]));
    expect(told).toMatch(new RegExp(`^model\\.config\\.layers(\\.1)? ${code}$`));
  });

  it('a class of one’s own by the name of another', () => {
    const model = sequential([null, 4], dense(2));
    Object.assign(model.config.layers[0] as object, { registered_name: 'mine>Dense' });
    expect(wrong(model)).toEqual(['model.config.layers.0 layer-custom']);
  });

  it('an activation where there is nothing to merge it with', () => {
    expect(wrong(sequential([null, 4], ['ReLU', {}], dense(2)))).toEqual(['model.config.layers.0 activation-place']);
    expect(wrong(sequential([null, 4], dense(2, { activation: 'tanh' }), ['Softmax', { axis: -1 }]))).toEqual([
      'model.config.layers.1 activation-place',
    ]);
  });

  it('graphs that branch, join, start twice or use a layer again', () => {
    const change = (how: (layers: { inbound_nodes: unknown[]; config: object }[], config: object) => void) => {
      const json = fixture('handmade-keras-3-functional');
      const { config } = json.modelTopology.model_config;
      how(config.layers, config);
      return wrong(json);
    };
    const no = ['modelTopology.model_config.config.layers not-a-chain'];
    expect(change((layers) => Object.assign(layers[3] as object, { inbound_nodes: layers[2]?.inbound_nodes }))).toEqual(
      no,
    );
    expect(change((layers) => layers[3]?.inbound_nodes.push(layers[2]?.inbound_nodes[0]))).toEqual(no);
    expect(change((layers) => Object.assign(layers[2] as object, { inbound_nodes: [] }))).toEqual(no);
    expect(change((layers) => Object.assign(layers[2] as object, { inbound_nodes: 7 }))).toEqual(no);
    expect(change((_, config) => Object.assign(config, { output_layers: ['Hidden-2', 0, 0] }))).toEqual(no);
    // A ring beside the chain is never reached.
    expect(change((layers) => Object.assign(layers[3] as object, { inbound_nodes: layers[1]?.inbound_nodes }))).toEqual(
      no,
    );
  });

  it('what is no Layers model at all', () => {
    for (const json of [null, 7, 'x', [], {}, { modelTopology: null }, { class_name: 'Sequential', config: {} }])
      expect(wrong(json)).toHaveLength(1);
    expect(wrong({ format: 'graph-model', modelTopology: { node: [] } })).toEqual(['format graph-model']);
    expect(wrong({ class_name: 'Sequential', config: { layers: new Array(300).fill({}) } })).toEqual([
      'model.config.layers too-many-layers',
    ]);
    expect(wrong(sequential([null, 4], ...new Array(65).fill(dense(2))))).toEqual([' too-many-layers']);
    expect(wrong(sequential(null, dense(2)))).toEqual(['model.config no-input']);
    expect(wrong(sequential([null, null], dense(2)))[0]).toMatch(/batch_input_shape input-shape$/);
    expect(wrong(sequential([null, 1, 2, 3, 4], dense(2)))[0]).toMatch(/input-shape$/);
  });

  it('threat C17: 1e12 parameters in layers that are each possible, and activations of gigabytes: counted, not allocated', () => {
    expect(wrong(sequential([null, 4], dense(1e6), dense(1e6)))).toEqual([' does-not-fit']);
    const wide = ['Conv2D', { filters: 1e8, kernel_size: [1024, 1024], padding: 'same' }] as const;
    expect(wrong(sequential([null, 1024, 1024, 1e5], wide))).toEqual([' does-not-fit']);
    const found = readLayersModel(sequential([null, 4], dense(1e6), dense(1e6)));
    expect(found.ok ? '' : found.failure.map(messageOf).join()).toBe(
      `more than ${LIMITS.parametersCount} parameters at layer layer_1; change that layer`,
    );
  });

  it('threat C17: text that is no JSON, too long, or nested a hundred thousand deep', () => {
    const codes = (text: string) => {
      const found = readLayersModelText(text);
      return found.ok ? [] : found.failure.map(({ code }) => code);
    };
    expect(codes('{"format":')).toEqual(['not-json']);
    expect(codes(' '.repeat(LIMITS.modelJsonBytes + 1))).toEqual(['too-large']);
    const deep = `${'['.repeat(1e5)}${']'.repeat(1e5)}`;
    for (const key of ['activation', 'units', 'dtype', 'data_format', 'kernel_initializer', 'surprise'])
      expect(() => codes(JSON.stringify(flat({ [key]: 'HERE' })).replace('"HERE"', deep))).not.toThrow();
    expect(codes(JSON.stringify(flat({ units: 'HERE' })).replace('"HERE"', deep))).toEqual(['whole']);
    expect(codes(deep)).toEqual(['not-a-model']);
  });
});

describe('any JSON', () => {
  const words = fc.constantFrom('Dense', 'Conv2D', 'Flatten', 'same', 'relu', 'float32', '__proto__', 'x');
  const value: fc.Arbitrary<unknown> = fc.oneof(fc.jsonValue({ maxDepth: 3 }), words, fc.nat(2_000), fc.constant(1e12));
  const layer = fc.record(
    {
      class_name: fc.oneof({ weight: 4, arbitrary: words }, value),
      config: fc.oneof(
        {
          weight: 6,
          arbitrary: fc.record(
            {
              ...{ name: fc.string(), units: value, filters: value, kernel_size: value, strides: value },
              ...{ activation: words, padding: words, dtype: words, batch_input_shape: fc.array(fc.nat(40)) },
            },
            { requiredKeys: ['name'] },
          ),
        },
        value,
      ),
      inbound_nodes: value,
    },
    { requiredKeys: ['class_name', 'config'] },
  );

  it('threat C17: is a topology that its own schema takes, or problems with a sentence each; it never throws', () => {
    let takenCount = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          value,
          fc.record({
            class_name: fc.constantFrom('Sequential', 'Functional'),
            config: fc.record({ layers: fc.array(layer, { maxLength: 4 }) }),
          }),
          fc
            .tuple(fc.nat(40), fc.nat(2_000), fc.nat(2e4))
            .map(([input, units, more]) => sequential([null, input], dense(units), dense(more))),
        ),
        (json) => {
          const found = readLayersModel(json);
          if (found.ok) {
            takenCount++;
            expect(v.is(topologySchema, found.value.topology)).toBe(true);
            expect(found.value.shape.layout.size).toBeLessThanOrEqual(LIMITS.parametersCount);
          } else for (const problem of found.failure) expect(messageOf(problem)).toMatch(/\w/);
        },
      ),
      { numRuns: 2_000 },
    );
    expect(takenCount).toBeGreaterThan(100);
  });
});
