/**
 * What can be wrong with a model that somebody brings, as a closed list: a place in the file, a code, and what the
 * sentence is about. The page says it in the language of its reader, everything else in the English below.
 */
export interface ImportProblem {
  /** Such as `modelTopology.config.layers.2.config.units`; empty where it is about the whole file. */
  readonly path: string;
  readonly code: ImportCode;
  /** The two things that the sentence names; empty where it names fewer. */
  readonly detail: readonly [string, string];
}

type Sentence = (one: string, other: string) => string;

export const IMPORT_SENTENCES = {
  'not-json': () => 'this is not JSON; choose the model.json that the converter wrote',
  'no-file': () => 'model.json is missing; choose it together with its .bin files',
  'too-large': (size, limit) =>
    `a model.json of ${size} bytes is not read, at most ${limit}; weights belong into .bin files`,
  'graph-model': () => 'a graph model cannot be trained; convert the Keras model itself, to a tfjs_layers_model',
  'not-a-model': () => 'this is no Layers model; convert a Keras model with tensorflowjs_converter',
  'model-class': (name) =>
    `a ${name} is not taken; build the model as Sequential, or as a Functional one that is a chain`,
  'not-a-chain': () => 'the layers must form one chain: one input, one output, each layer used once; take branches out',
  'too-many-layers': (count, limit) => `has ${count} layers, at most ${limit} are possible; build a smaller model`,
  'no-input': () => 'the shape of the input is missing; begin the model with an Input of a fixed shape',
  'input-shape': () =>
    'must be null and then one to three whole numbers from 1 to 100000; build the model for a fixed shape',
  'layer-class': (name, list) => `${name} is not among the layers that are taken (${list}); replace it or take it out`,
  'layer-statistics': (name) =>
    `${name} keeps a mean and a variance that are counted, not learned, and that an average of changes does not make; merge it into the layer before it, or take it out`,
  'layer-scale': (name) =>
    `${name} is not taken: pictures come as numbers from 0 to 1 and table columns scaled; take it out and train with such input`,
  'layer-nested': () => 'a model inside the model is not taken; put its layers into the outer one',
  'layer-custom': (name) => `${name} is a class of your own, whose code is not in the file; use a layer of Keras`,
  'activation-place': (name) =>
    `${name} is taken only behind a BatchNormalization, or a Dense or Conv2D layer that has no activation itself`,
  unknown: (key) => `${key} is a setting that is not known here; leave it at its default`,
  fixed: (key, values) => `${key} must be ${values}; nothing else is trained here`,
  frozen: () => 'every layer learns in a federation; set trainable to true, or take the layer out',
  whole: (limit) => `must be a whole number from 1 to ${limit}; choose a smaller layer`,
  real: (least, most) => `must be a number from ${least} to ${most}`,
  choice: (list) => `must be one of ${list}`,
  name: () => 'every layer needs a name of its own',
  'does-not-fit': (why) => `${why}; change that layer`,
  'no-weights': () =>
    'model.json lists no weights for these .bin files; choose it alone, or the one that belongs to them',
  'weights-quantized': () => 'these weights are quantized; convert again without --quantize',
  'weights-dtype': (dtype) => `weights of type ${dtype} are not taken; convert them as float32`,
  'weights-missing': (name) => `the weights of ${name} are missing; convert again and choose all files`,
  'weights-unknown': (name) => `${name} belongs to no layer, or is there twice; convert again`,
  'weights-shape': (shape, expected) => `has the shape ${shape}, the layer takes ${expected}; convert again`,
  'weights-name': () => 'must be the name of a file beside model.json; choose the files as the converter wrote them',
  'weights-file': (name) => `the file ${name} is missing; choose it together with model.json`,
  'weights-bytes': (size, expected) =>
    `the files hold ${size} bytes, the model takes ${expected}; choose those that belong to it`,
  'weights-limit': (size, limit) =>
    `${size} bytes of weights, at most ${limit} can be brought; leave the .bin files out`,
  'weights-not-finite': () => 'the weights hold a value that is not a finite number; train the model again',
  'weights-order': () => 'the weights must stand in the order of the layers; let the command or the page put them so',
} as const satisfies Readonly<Record<string, Sentence>>;

export type ImportCode = keyof typeof IMPORT_SENTENCES;

export const importProblem = (path: string, code: ImportCode, one = '', other = ''): ImportProblem => ({
  path,
  code,
  detail: [one, other],
});

export const messageOf = ({ code, detail: [one, other] }: ImportProblem): string =>
  (IMPORT_SENTENCES[code] as Sentence)(one, other);

/** What was changed on the way in; it leaves every answer of the model as it was. */
export interface ImportNote {
  readonly code: 'left-out' | 'channel';
  readonly layer: string;
}

export const NOTE_SENTENCES = {
  'left-out': (layer: string) => `${layer} is left out: it only acts while training, and contributors train without it`,
  channel: (layer: string) => `the input of ${layer} got one channel, as pictures have here`,
} as const;

/** A value out of a file, for a sentence: short, and not looked into however deep it is. */
export function shown(value: unknown): string {
  if (Array.isArray(value))
    return value.length <= 4 && value.every((one) => typeof one !== 'object' || one === null)
      ? shortened(JSON.stringify(value))
      : 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return shortened(String(value));
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
