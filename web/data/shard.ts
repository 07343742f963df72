import { assert } from '../../shared/assert.ts';
import { sha256Hex } from '../../shared/hash.ts';
import type { Sha256 } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';

/**
 * About a megabyte of examples as one run of bytes: ids (uint32), labels (uint16), images (uint8), one after the other.
 * What the index knows of a shard (count and hash) is kept apart from it, so that damage to either is seen.
 */
export interface ShardEntry {
  readonly key: number;
  readonly count: number;
  readonly sha256: Sha256;
  /** Ids grow with time; a shard holds a run of them, with gaps where examples were deleted. */
  readonly firstId: number;
  readonly lastId: number;
  /** Examples of each label. */
  readonly perLabel: readonly number[];
}

/** The columns of a shard, as views of its bytes. */
export interface ShardColumns {
  readonly ids: Uint32Array;
  readonly labels: Uint16Array;
  readonly images: Uint8Array;
}

const OVERHEAD_BYTES = 6;

export const shardCapacity = (exampleBytes: number): number =>
  Math.max(1, Math.floor(LIMITS.datasetShardBytes / (exampleBytes + OVERHEAD_BYTES)));

export const shardBytes = (count: number, exampleBytes: number): number => count * (exampleBytes + OVERHEAD_BYTES);

export function columnsOf(bytes: Uint8Array<ArrayBuffer>, count: number): ShardColumns {
  assert(bytes.byteOffset % 4 === 0, 'a shard begins on a multiple of four');
  return {
    ids: new Uint32Array(bytes.buffer, bytes.byteOffset, count),
    labels: new Uint16Array(bytes.buffer, bytes.byteOffset + 4 * count, count),
    images: bytes.subarray(OVERHEAD_BYTES * count),
  };
}

/** One shard of all the columns given, in order. */
export function packShard(parts: readonly ShardColumns[]): Uint8Array<ArrayBuffer> {
  const count = parts.reduce((sum, { ids }) => sum + ids.length, 0);
  const imageBytes = parts.reduce((sum, { images }) => sum + images.length, 0);
  const bytes = new Uint8Array(OVERHEAD_BYTES * count + imageBytes);
  const columns = columnsOf(bytes, count);
  let at = 0;
  let imageAt = 0;
  for (const { ids, labels, images } of parts) {
    columns.ids.set(ids, at);
    columns.labels.set(labels, at);
    columns.images.set(images, imageAt);
    at += ids.length;
    imageAt += images.length;
  }
  return bytes;
}

/** The columns without row `at`. */
export function withoutRow({ ids, labels, images }: ShardColumns, at: number): readonly ShardColumns[] {
  const size = images.length / ids.length;
  const slice = (from: number, to: number): ShardColumns => ({
    ids: ids.subarray(from, to),
    labels: labels.subarray(from, to),
    images: images.subarray(from * size, to * size),
  });
  return [slice(0, at), slice(at + 1, ids.length)];
}

export function entryOf(key: number, bytes: Uint8Array<ArrayBuffer>, count: number, classCount: number): ShardEntry {
  const { ids, labels } = columnsOf(bytes, count);
  const perLabel = new Array<number>(classCount).fill(0);
  for (const label of labels) perLabel[label] = (perLabel[label] ?? 0) + 1;
  return { key, count, sha256: sha256Hex(bytes), firstId: ids[0] ?? 0, lastId: ids.at(-1) ?? 0, perLabel };
}

/** Is this what was written? */
export const isIntact = (entry: ShardEntry, bytes: unknown, exampleBytes: number): bytes is Uint8Array<ArrayBuffer> =>
  bytes instanceof Uint8Array &&
  bytes.byteLength === shardBytes(entry.count, exampleBytes) &&
  sha256Hex(bytes) === entry.sha256;
