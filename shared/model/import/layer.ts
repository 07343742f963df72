import { LIMITS } from '../../limits.ts';
import type { LayerTopology } from '../topology.ts';
import { type ImportProblem, importProblem } from './problem.ts';
import { isObject, ownIn, Settings } from './settings.ts';

/** A layer as Keras writes it, in its place in the chain. */
export interface KerasLayer {
  /** Where it stands in the file. */
  readonly path: string;
  readonly className: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

const ACTIVATIONS = ['linear', 'relu', 'sigmoid', 'tanh', 'softmax'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** What becomes of a layer: one of ours, the activation of the one before it, or nothing. */
export type TakenLayer =
  | { readonly kind: 'layer'; readonly layer: LayerTopology }
  | { readonly kind: 'activation'; readonly activation: Activation }
  | { readonly kind: 'left-out' };

type Reader = (settings: Settings, name: string) => TakenLayer;

const layer = (taken: LayerTopology): TakenLayer => ({ kind: 'layer', layer: taken });
const activationOf = (settings: Settings): Activation => settings.choice('activation', ACTIVATIONS, 'linear');

/** The layers that are taken, by their class in Keras. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [
    'Flatten',
    (settings, name) => {
      channelsLast(settings);
      return layer({ class_name: 'Flatten', config: { name } });
    },
  ],
  [
    'Dense',
    (settings, name) => {
      const units = settings.whole('units', LIMITS.parametersCount);
      const rest = { activation: activationOf(settings), ...kernelOf(settings) };
      return layer({ class_name: 'Dense', config: { name, units, ...rest } });
    },
  ],
  [
    'Conv2D',
    (settings, name) => {
      channelsLast(settings);
      settings.fixed('dilation_rate', [1, 1], 1);
      settings.fixed('groups', 1);
      const filters = settings.whole('filters', LIMITS.parametersCount);
      const window = { kernel_size: settings.pair('kernel_size'), strides: settings.pair('strides', [1, 1]) };
      const rest = { padding: paddingOf(settings), activation: activationOf(settings), ...kernelOf(settings) };
      return layer({ class_name: 'Conv2D', config: { name, filters, ...window, ...rest } });
    },
  ],
  [
    'MaxPooling2D',
    (settings, name) => {
      channelsLast(settings);
      const size = settings.pair('pool_size', [2, 2]);
      const window = { pool_size: size, strides: settings.pair('strides', size) };
      return layer({ class_name: 'MaxPooling2D', config: { name, ...window, padding: paddingOf(settings) } });
    },
  ],
  ['GlobalAveragePooling1D', (settings, name) => mean('GlobalAveragePooling1D', settings, name)],
  ['GlobalAveragePooling2D', (settings, name) => mean('GlobalAveragePooling2D', settings, name)],
  [
    'Embedding',
    (settings, name) => {
      const rows = settings.whole('input_dim', LIMITS.parametersCount);
      const width = settings.whole('output_dim', LIMITS.parametersCount);
      settings.ignore('input_length', 'embeddings_initializer');
      return layer({ class_name: 'Embedding', config: { name, input_dim: rows, output_dim: width } });
    },
  ],
  [
    'BatchNormalization',
    (settings, name) => {
      for (const key of ['center', 'scale']) settings.fixed(key, true);
      for (const key of ['beta_initializer', 'moving_mean_initializer']) beginsAs(settings, key, 'Zeros');
      for (const key of ['gamma_initializer', 'moving_variance_initializer']) beginsAs(settings, key, 'Ones');
      const axis = settings.axis('axis');
      const momentum = settings.real('momentum', 0, 0.9999, 0.99);
      const epsilon = settings.real('epsilon', 1e-7, 1, 1e-3);
      return layer({ class_name: 'BatchNormalization', config: { name, axis, momentum, epsilon } });
    },
  ],
  ['Activation', (settings) => ({ kind: 'activation', activation: activationOf(settings) })],
  [
    'ReLU',
    (settings) => {
      for (const key of ['negative_slope', 'threshold']) settings.fixed(key, 0);
      return { kind: 'activation', activation: 'relu' };
    },
  ],
  [
    'Softmax',
    (settings) => {
      settings.fixed('axis', -1);
      return { kind: 'activation', activation: 'softmax' };
    },
  ],
]);
export const TAKEN_CLASSES: readonly string[] = [...READERS.keys()];

/** They act at random while a model trains and not at all when it answers. */
const ONLY_IN_TRAINING = [
  'Dropout',
  'SpatialDropout1D',
  'SpatialDropout2D',
  'AlphaDropout',
  'GaussianDropout',
  'GaussianNoise',
];

/** One layer, or null where something is wrong with it, which is added to `problems`. `name` is the one it gets. */
export function takeLayer(
  { path, className, config }: KerasLayer,
  name: string,
  problems: ImportProblem[],
): TakenLayer | null {
  if (ONLY_IN_TRAINING.includes(className)) return { kind: 'left-out' };
  const reader = READERS.get(className);
  if (reader === undefined) {
    problems.push(refusedClass(path, className));
    return null;
  }
  const before = problems.length;
  const settings = new Settings(config, `${path}.config`, problems);
  settings.ignore('name', 'batch_input_shape', 'batch_shape', 'input_shape', 'dtype');
  if (!isFloat32(ownIn(config, 'dtype')))
    problems.push(importProblem(`${path}.config.dtype`, 'fixed', 'dtype', 'float32'));
  if (settings.get('trainable') === false) problems.push(importProblem(`${path}.config.trainable`, 'frozen'));
  const taken = reader(settings, name);
  settings.end();
  return problems.length === before ? taken : null;
}

function refusedClass(path: string, className: string): ImportProblem {
  if (className === 'Normalization') return importProblem(path, 'layer-statistics', className);
  if (className === 'Rescaling') return importProblem(path, 'layer-scale', className);
  if (['Sequential', 'Functional', 'Model'].includes(className)) return importProblem(path, 'layer-nested');
  return importProblem(path, 'layer-class', className, TAKEN_CLASSES.join(', '));
}

const mean = (
  class_name: 'GlobalAveragePooling1D' | 'GlobalAveragePooling2D',
  settings: Settings,
  name: string,
): TakenLayer => {
  channelsLast(settings);
  return layer({ class_name, config: { name } });
};

const channelsLast = (settings: Settings): void => settings.fixed('data_format', 'channels_last');
const paddingOf = (settings: Settings) => settings.choice('padding', ['valid', 'same'], 'valid');

/** The initializer is kept where it is one of ours, for tasks without weights; any other is Glorot's, as with Keras. */
function kernelOf(settings: Settings): { readonly kernel_initializer?: 'heNormal' | 'zeros' } {
  settings.fixed('use_bias', true);
  settings.ignore('bias_initializer');
  const given = settings.get('kernel_initializer');
  const config = ownIn(given, 'config');
  const className = ownIn(given, 'class_name');
  if (className === 'Zeros') return { kernel_initializer: 'zeros' };
  const isHe =
    className === 'HeNormal' ||
    // As TF.js writes it.
    (className === 'VarianceScaling' &&
      ownIn(config, 'scale') === 2 &&
      matches(/^fan_?in$/i, ownIn(config, 'mode')) &&
      matches(/normal$/i, ownIn(config, 'distribution')));
  return isHe ? { kernel_initializer: 'heNormal' } : {};
}

/** By its name alone, or as an object of that class. */
function beginsAs(settings: Settings, key: string, wanted: 'Zeros' | 'Ones'): void {
  const given = settings.get(key);
  const isWanted = matches(new RegExp(`^${wanted}$`, 'i'), ownIn(given, 'class_name') ?? given);
  if (given !== undefined && !isWanted) settings.refuse(key, wanted);
}

const matches = (pattern: RegExp, text: unknown): boolean => typeof text === 'string' && pattern.test(text);

/** A name, or in Keras 3 a policy of that name. Tokens come as int32. */
export function isFloat32(dtype: unknown, ...others: readonly string[]): boolean {
  if (dtype === undefined || dtype === null) return true;
  const name = isObject(dtype) ? ownIn(ownIn(dtype, 'config'), 'name') : dtype;
  return name === 'float32' || others.some((other) => other === name);
}
