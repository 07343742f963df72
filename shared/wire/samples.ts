import { assert } from '../assert.ts';
import { LIMITS } from '../limits.ts';
import {
  bytesOf,
  columnsProblem,
  type ExampleColumns,
  type ExampleForm,
  featureBytes,
  featuresIn,
  targetBytes,
  targetsIn,
} from '../task/kinds/form.ts';

/**
 * Sample examples as `GET /api/tasks/:id/samples` answers them (`application/octet-stream`): a fixed header of 24
 * bytes, the targets, the features. All numbers little-endian.
 *
 * | offset | bytes | field |
 * |---|---|---|
 * | 0 | 4 | magic `FTS1` |
 * | 4 | 4 | count: examples that follow |
 * | 8 | 6 | shape: three uint16, such as height, width, channels; 1 where the data have fewer dimensions |
 * | 14 | 2 | classes: every label is below it; 0 where targets are numbers |
 * | 16 | 4 | reused: how many of these examples were handed out before (0 until the data is used up) |
 * | 20 | 4 | features: 0 uint8 (pixels; 0 is the background), 1 float32, 2 int32 (tokens) |
 * | 24 | 2 or 4 · count | targets: uint16, the index in `data.labels` of the task; or float32 |
 * | … | count · shape · 1 or 4 | features, row by row, example by example |
 */
export const SAMPLES_HEADER_BYTES = 24;
const MAGIC = 0x31535446; // "FTS1" read as a little-endian uint32
const FEATURE_TYPES = ['uint8', 'float32', 'int32'] as const;

export interface SampleShard extends ExampleColumns {
  /** How many of these the server had handed out before. */
  readonly reusedCount: number;
}

const sidesOf = ({ shape }: ExampleForm): readonly number[] => [0, 1, 2].map((index) => shape[index] ?? 1);
const classesOf = ({ target }: ExampleForm): number => (target.type === 'class' ? target.count : 0);

/** The shard as bytes. The shard is our own: one that contradicts itself is a bug. */
export function encodeSamples(shard: SampleShard, form: ExampleForm): Uint8Array<ArrayBuffer> {
  const problem = columnsProblem(shard, form);
  assert(problem === null && form.shape.length <= 3, problem ?? 'more dimensions than the header has room for');
  const [targets, features] = [bytesOf(shard.targets), bytesOf(shard.features)];
  const bytes = new Uint8Array(SAMPLES_HEADER_BYTES + targets.length + features.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, shard.targets.length, true);
  sidesOf(form).forEach((side, index) => {
    view.setUint16(8 + 2 * index, side, true);
  });
  view.setUint16(14, classesOf(form), true);
  view.setUint32(16, shard.reusedCount, true);
  view.setUint32(20, FEATURE_TYPES.indexOf(form.features.type), true);
  bytes.set(targets, SAMPLES_HEADER_BYTES);
  bytes.set(features, SAMPLES_HEADER_BYTES + targets.length);
  return bytes;
}

/**
 * The shard of examples of this form, which is what the task says of its data; or one sentence about what is wrong.
 * Nothing is allocated before the sizes are checked.
 */
export function decodeSamples(
  bytes: Uint8Array,
  form: ExampleForm,
): { readonly ok: true; readonly shard: SampleShard } | { readonly ok: false; readonly problem: string } {
  const no = (problem: string) => ({ ok: false, problem }) as const;
  if (bytes.byteLength < SAMPLES_HEADER_BYTES) return no('shorter than the header of a sample shard');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return no('not a sample shard');
  const type = FEATURE_TYPES[view.getUint32(20, true)];
  if (type !== form.features.type) return no(`features of another type than ${form.features.type}`);
  const count = view.getUint32(4, true);
  if (count < 1 || count > LIMITS.samplesPerRequestCount) return no(`${count} examples are not possible`);
  const sides = [view.getUint16(8, true), view.getUint16(10, true), view.getUint16(12, true)];
  if (sides.join() !== sidesOf(form).join()) return no(`examples of ${sides.join(' × ')} are not this task's`);
  const classes = view.getUint16(14, true);
  if (classes !== classesOf(form)) return no(`${classes} classes are not this task's`);
  const reusedCount = view.getUint32(16, true);
  if (reusedCount > count) return no('more examples were reused than there are');
  const featuresAt = SAMPLES_HEADER_BYTES + count * targetBytes(form);
  if (bytes.byteLength !== featuresAt + count * featureBytes(form)) return no('not as long as its header says');
  // Copies: the columns begin where their numbers may not lie.
  const shard = {
    features: featuresIn(form, new Uint8Array(bytes.subarray(featuresAt)), count),
    targets: targetsIn(form, new Uint8Array(bytes.subarray(SAMPLES_HEADER_BYTES, featuresAt)), count),
    reusedCount,
  };
  const problem = columnsProblem(shard, form);
  return problem === null ? { ok: true, shard } : no(problem);
}
