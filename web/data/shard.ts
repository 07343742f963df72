import { assert } from '../../shared/assert.ts';
import { sha256Hex } from '../../shared/hash.ts';
import type { Sha256 } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import {
  type ExampleColumns,
  type ExampleForm,
  exampleSize,
  featureBytes,
  featuresIn,
  targetBytes,
  targetsIn,
} from '../../shared/task/kinds/form.ts';

/**
 * About a megabyte of examples as one run of bytes: ids (uint32), then targets and features, those of four bytes a value
 * first, so that every column lies where its numbers may (images: ids, uint16 labels, uint8 pixels). What the index
 * knows of a shard (count and hash) is kept apart from it, so that damage to either is seen.
 */
export interface ShardEntry {
  readonly key: number;
  readonly count: number;
  readonly sha256: Sha256;
  /** Ids grow with time; a shard holds a run of them, with gaps where examples were deleted. */
  readonly firstId: number;
  readonly lastId: number;
  /** Examples of each label; none where targets are numbers. */
  readonly perLabel: readonly number[];
}

/** The columns of a shard, as views of its bytes. */
export interface ShardColumns extends ExampleColumns {
  readonly ids: Uint32Array;
}

const ID_BYTES = 4;

/** Bytes of one example as it is kept. */
export const exampleBytes = (form: ExampleForm): number => ID_BYTES + targetBytes(form) + featureBytes(form);

export const shardCapacity = (form: ExampleForm): number =>
  Math.max(1, Math.floor(LIMITS.datasetShardBytes / exampleBytes(form)));

export function columnsOf(bytes: Uint8Array<ArrayBuffer>, count: number, form: ExampleForm): ShardColumns {
  assert(bytes.byteOffset % 4 === 0, 'a shard begins on a multiple of four');
  const isFeaturesFirst = form.features.type !== 'uint8';
  const afterIds = ID_BYTES * count;
  const targetsAt = afterIds + (isFeaturesFirst ? count * featureBytes(form) : 0);
  const featuresAt = afterIds + (isFeaturesFirst ? 0 : count * targetBytes(form));
  return {
    ids: new Uint32Array(bytes.buffer, bytes.byteOffset, count),
    targets: targetsIn(form, bytes.subarray(targetsAt), count),
    features: featuresIn(form, bytes.subarray(featuresAt), count),
  };
}

/** One shard of all the columns given, in order. */
export function packShard(parts: readonly ShardColumns[], form: ExampleForm): Uint8Array<ArrayBuffer> {
  const count = parts.reduce((sum, { ids }) => sum + ids.length, 0);
  const bytes = new Uint8Array(count * exampleBytes(form));
  const columns = columnsOf(bytes, count, form);
  const size = exampleSize(form);
  let at = 0;
  for (const { ids, targets, features } of parts) {
    columns.ids.set(ids, at);
    columns.targets.set(targets, at);
    columns.features.set(features, at * size);
    at += ids.length;
  }
  return bytes;
}

/** The columns without row `at`. */
export function withoutRow({ ids, targets, features }: ShardColumns, at: number): readonly ShardColumns[] {
  const size = features.length / ids.length;
  const slice = (from: number, to: number): ShardColumns => ({
    ids: ids.subarray(from, to),
    targets: targets.subarray(from, to),
    features: features.subarray(from * size, to * size),
  });
  return [slice(0, at), slice(at + 1, ids.length)];
}

export function entryOf(key: number, bytes: Uint8Array<ArrayBuffer>, count: number, form: ExampleForm): ShardEntry {
  const { ids, targets } = columnsOf(bytes, count, form);
  const perLabel = emptyCounts(form);
  if (form.target.type === 'class') for (const label of targets) perLabel[label] = (perLabel[label] ?? 0) + 1;
  return { key, count, sha256: sha256Hex(bytes), firstId: ids[0] ?? 0, lastId: ids.at(-1) ?? 0, perLabel };
}

export const emptyCounts = ({ target }: Pick<ExampleForm, 'target'>): number[] =>
  new Array<number>(target.type === 'class' ? target.count : 0).fill(0);

/** Is this what was written? */
export const isIntact = (entry: ShardEntry, bytes: unknown, form: ExampleForm): bytes is Uint8Array<ArrayBuffer> =>
  bytes instanceof Uint8Array &&
  bytes.byteLength === entry.count * exampleBytes(form) &&
  sha256Hex(bytes) === entry.sha256;
