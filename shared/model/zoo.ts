import type { ModelTopology } from './topology.ts';

/**
 * The models that ship, for images of 28 × 28 × 1 and ten classes. `mlp-2nn` and `cnn` are those of McMahan et al.,
 * AISTATS 2017, §3: 199,210 and, with `same` padding, 1,663,370 parameters.
 */

const flatten = { class_name: 'Flatten', config: { name: 'flatten' } } as const;
const dense = (name: string, units: number, activation: 'relu' | 'softmax') =>
  ({ class_name: 'Dense', config: { name, units, activation } }) as const;
const conv = (name: string, filters: number, size: number) =>
  ({
    class_name: 'Conv2D',
    config: { name, filters, kernel_size: [size, size], strides: [1, 1], padding: 'same', activation: 'relu' },
  }) as const;
const pool = (name: string) =>
  ({ class_name: 'MaxPooling2D', config: { name, pool_size: [2, 2], strides: [2, 2], padding: 'same' } }) as const;

const IMAGE = [28, 28, 1];

export const MODEL_ZOO = {
  /** Multinomial logistic regression: 7,850 parameters. */
  softmax: { input: IMAGE, layers: [flatten, dense('output', 10, 'softmax')] },
  /** The 784 → 10 relu layer of the seed's own example: 7,850 parameters. */
  'seed-dense': { input: IMAGE, layers: [flatten, dense('output', 10, 'relu')] },
  /** 784 → 200 → 200 → 10: 199,210 parameters. */
  'mlp-2nn': {
    input: IMAGE,
    layers: [flatten, dense('hidden_1', 200, 'relu'), dense('hidden_2', 200, 'relu'), dense('output', 10, 'softmax')],
  },
  /** Two convolutions of 8 and 16 filters and one dense layer: 9,098 parameters, for weak devices. */
  'cnn-small': {
    input: IMAGE,
    layers: [
      conv('conv_1', 8, 3),
      pool('pool_1'),
      conv('conv_2', 16, 3),
      pool('pool_2'),
      flatten,
      dense('output', 10, 'softmax'),
    ],
  },
  /** The paper's CNN: 1,663,370 parameters. */
  cnn: {
    input: IMAGE,
    layers: [
      conv('conv_1', 32, 5),
      pool('pool_1'),
      conv('conv_2', 64, 5),
      pool('pool_2'),
      flatten,
      dense('hidden', 512, 'relu'),
      dense('output', 10, 'softmax'),
    ],
  },
} as const satisfies Record<string, { input: readonly number[]; layers: readonly unknown[] }>;

export type ZooName = keyof typeof MODEL_ZOO;
export const ZOO_NAMES = Object.keys(MODEL_ZOO) as [ZooName, ...ZooName[]];

/** The zoo's entry as a topology of its own. */
export const zooTopology = (name: ZooName): ModelTopology =>
  structuredClone(MODEL_ZOO[name]) as unknown as ModelTopology;
