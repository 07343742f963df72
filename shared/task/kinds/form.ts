/**
 * What one example of a task is, as numbers: plain data that crosses to threads and workers. Everything behind the
 * importers (storage, sample shards, batches, scores) works on this and knows nothing of kinds.
 */
export interface ExampleForm {
  /** Of the features of one example, without the batch dimension. */
  readonly shape: readonly number[];
  readonly features: FeatureForm;
  readonly target: TargetForm;
  /**
   * Examples are one person's, and the model answers to nobody in particular: its outputs (factors, and a bias last) are
   * weighed with a vector of the person's own, which is solved for where the examples are and goes nowhere
   * (`web/trainer/core/taste.ts`).
   */
  readonly taste?: { readonly ridge: number };
}

export type FeatureForm =
  /** 0 … 255; the model gets them divided by 255. */
  | { readonly type: 'uint8' }
  /** Finite numbers, as the model gets them. */
  | { readonly type: 'float32' }
  /** Tokens: whole numbers from 0, below `below`. */
  | { readonly type: 'int32'; readonly below: number };

export type TargetForm =
  /** One of so many classes, by its index. */
  | { readonly type: 'class'; readonly count: number }
  /** A number in the unit of the people who brought it; the model predicts (number − offset) / scale. */
  | { readonly type: 'number'; readonly offset: number; readonly scale: number };

export type FeatureValues = Uint8Array | Float32Array | Int32Array;
export type TargetValues = Uint16Array | Float32Array;

/** Examples one after the other: `exampleSize` feature values each, and one target each. */
export interface ExampleColumns {
  readonly features: FeatureValues;
  readonly targets: TargetValues;
}

/** Of images and the like: bytes, and one of so many classes. */
export const bytesForm = (shape: readonly number[], classCount: number): ExampleForm => ({
  shape,
  features: { type: 'uint8' },
  target: { type: 'class', count: classCount },
});

export const exampleSize = ({ shape }: Pick<ExampleForm, 'shape'>): number =>
  shape.reduce((product, side) => product * side, 1);

const FEATURES = { uint8: Uint8Array, float32: Float32Array, int32: Int32Array } as const;
const TARGETS = { class: Uint16Array, number: Float32Array } as const;

/** Bytes of one example's features, and of its target. */
export const featureBytes = (form: ExampleForm): number =>
  exampleSize(form) * FEATURES[form.features.type].BYTES_PER_ELEMENT;
export const targetBytes = ({ target }: Pick<ExampleForm, 'target'>): number => TARGETS[target.type].BYTES_PER_ELEMENT;

/** Room for `count` examples, all zeros. */
export const emptyColumns = (form: ExampleForm, count: number): ExampleColumns => ({
  features: new FEATURES[form.features.type](count * exampleSize(form)),
  targets: new TARGETS[form.target.type](count),
});

/** The examples with these indices, in this order. */
export function rowsOf({ features, targets }: ExampleColumns, form: ExampleForm, indices: Uint32Array): ExampleColumns {
  const size = exampleSize(form);
  const rows = emptyColumns(form, indices.length);
  indices.forEach((index, row) => {
    rows.features.set(features.subarray(index * size, (index + 1) * size), row * size);
    rows.targets[row] = targets[index] as number;
  });
  return rows;
}

/** Views of bytes that are aligned to four, of `count` examples. */
export const featuresIn = (form: ExampleForm, bytes: Uint8Array, count: number): FeatureValues =>
  new FEATURES[form.features.type](bytes.buffer as ArrayBuffer, bytes.byteOffset, count * exampleSize(form));
export const targetsIn = (form: ExampleForm, bytes: Uint8Array, count: number): TargetValues =>
  new TARGETS[form.target.type](bytes.buffer as ArrayBuffer, bytes.byteOffset, count);

/** The values' own bytes, little-endian as every platform that runs JavaScript today; shares their memory. */
export const bytesOf = (values: FeatureValues | TargetValues | Uint32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** What feature values are divided by on their way into the model. */
export const inputDivisor = ({ features }: Pick<ExampleForm, 'features'>): number =>
  features.type === 'uint8' ? 255 : 1;

/** Why these are no examples of this form, in one sentence; null where they are. */
export function columnsProblem({ features, targets }: ExampleColumns, form: ExampleForm): string | null {
  const { target } = form;
  if (targets.length === 0) return 'There is no example among these.';
  if (!(features instanceof FEATURES[form.features.type])) return `Features are kept as ${form.features.type}.`;
  if (!(targets instanceof TARGETS[target.type])) return `Targets are kept as a ${target.type}.`;
  if (features.length !== targets.length * exampleSize(form)) return `An example has ${form.shape.join(' × ')} values.`;
  if (target.type === 'class' && targets.some((label) => label >= target.count)) {
    return 'A label is not one of the task.';
  }
  if (!areFinite(features) || !areFinite(targets)) return 'A value is not a finite number.';
  const { features: kept } = form;
  if (kept.type === 'int32' && features.some((token) => token < 0 || token >= kept.below)) {
    return `Tokens are from 0, below ${kept.below}.`;
  }
  return null;
}

const areFinite = (values: FeatureValues | TargetValues): boolean =>
  !(values instanceof Float32Array) || values.every((value) => Number.isFinite(value));
