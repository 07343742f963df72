import { assert } from '../assert.ts';
import { LIMITS } from '../limits.ts';

/**
 * Sample examples as `GET /api/tasks/:id/samples` answers them (`application/octet-stream`): a fixed header of 24
 * bytes, the labels, the pixels. All integers little-endian.
 *
 * | offset | bytes | field |
 * |---|---|---|
 * | 0 | 4 | magic `FTS1` |
 * | 4 | 4 | count: examples that follow |
 * | 8 | 2 | height |
 * | 10 | 2 | width |
 * | 12 | 2 | channels |
 * | 14 | 2 | classes: every label is below it |
 * | 16 | 4 | reused: how many of these examples were handed out before (0 until the data is used up) |
 * | 20 | 4 | zero |
 * | 24 | 2 · count | labels, uint16: the index in `data.labels` of the task |
 * | … | count · height · width · channels | pixels, uint8, row by row, example by example; 0 is the background |
 */
export const SAMPLES_HEADER_BYTES = 24;
const MAGIC = 0x31535446; // "FTS1" read as a little-endian uint32

export interface SampleShard {
  /** Of one example: [height, width, channels]. */
  readonly shape: readonly [number, number, number];
  readonly classCount: number;
  /** One an example. */
  readonly labels: Uint16Array;
  /** Pixels 0 … 255 of all examples, one after the other. */
  readonly images: Uint8Array;
  /** How many of these the server had handed out before. */
  readonly reusedCount: number;
}

const areaOf = ([height, width, channels]: SampleShard['shape']): number => height * width * channels;

/** The shard as bytes. The shard is our own: one that contradicts itself is a bug. */
export function encodeSamples(shard: SampleShard): Uint8Array<ArrayBuffer> {
  const count = shard.labels.length;
  assert(shard.images.length === count * areaOf(shard.shape), 'as many images as labels');
  assert(
    shard.labels.every((label) => label < shard.classCount),
    'labels are below the number of classes',
  );
  const bytes = new Uint8Array(SAMPLES_HEADER_BYTES + 2 * count + shard.images.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, count, true);
  shard.shape.forEach((side, index) => {
    view.setUint16(8 + 2 * index, side, true);
  });
  view.setUint16(14, shard.classCount, true);
  view.setUint32(16, shard.reusedCount, true);
  shard.labels.forEach((label, index) => {
    view.setUint16(SAMPLES_HEADER_BYTES + 2 * index, label, true);
  });
  bytes.set(shard.images, SAMPLES_HEADER_BYTES + 2 * count);
  return bytes;
}

/** What the task says of its data (`data.shape`, `data.labels.length`): a shard of anything else is refused. */
export interface ExpectedSamples {
  readonly shape: readonly number[];
  readonly classCount: number;
}

/** The shard, its images a view of `bytes`; or one sentence about what is wrong. Nothing is allocated before the checks. */
export function decodeSamples(
  bytes: Uint8Array,
  expected: ExpectedSamples,
): { readonly ok: true; readonly shard: SampleShard } | { readonly ok: false; readonly problem: string } {
  const no = (problem: string) => ({ ok: false, problem }) as const;
  if (bytes.byteLength < SAMPLES_HEADER_BYTES) return no('shorter than the header of a sample shard');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return no('not a sample shard');
  if (view.getUint32(20, true) !== 0) return no('reserved bytes must be zero');
  const count = view.getUint32(4, true);
  if (count < 1 || count > LIMITS.samplesPerRequestCount) return no(`${count} examples are not possible`);
  const shape = [view.getUint16(8, true), view.getUint16(10, true), view.getUint16(12, true)] as const;
  if (shape.join() !== expected.shape.join()) return no(`examples of ${shape.join(' × ')} are not this task's`);
  const classCount = view.getUint16(14, true);
  if (classCount !== expected.classCount) return no(`${classCount} classes are not this task's`);
  const reusedCount = view.getUint32(16, true);
  if (reusedCount > count) return no('more examples were reused than there are');
  const imagesAt = SAMPLES_HEADER_BYTES + 2 * count;
  if (bytes.byteLength !== imagesAt + count * areaOf(shape)) return no('not as long as its header says');
  const labels = new Uint16Array(count);
  for (let index = 0; index < count; index++) {
    const label = view.getUint16(SAMPLES_HEADER_BYTES + 2 * index, true);
    if (label >= classCount) return no(`example ${index} has a label that the task does not have`);
    labels[index] = label;
  }
  return { ok: true, shard: { shape, classCount, labels, images: bytes.subarray(imagesAt), reusedCount } };
}
