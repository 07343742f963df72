import * as v from 'valibot';
import { isSha256, type Sha256 } from '../../shared/ids.ts';
import type { DataKind, DatasetSummary } from './dataset.ts';
import { type ShardEntry, shardBytes } from './shard.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const sha256 = v.pipe(
  v.string(),
  v.check((value) => isSha256(value)),
  v.transform((value) => value as Sha256),
);
const schema = v.object({
  format: v.literal(1),
  shape: v.array(count),
  classCount: count,
  nextId: count,
  nextKey: count,
  revision: count,
  shards: v.array(v.object({ key: count, count, sha256, firstId: count, lastId: count, perLabel: v.array(count) })),
});

/** The list of a dataset's shards, with the count and the hash of each: the one record that all else hangs on. */
export type DatasetIndex = Readonly<Omit<v.InferOutput<typeof schema>, 'shards'>> & {
  readonly shards: readonly ShardEntry[];
};

export const emptyIndex = ({ shape, classCount }: DataKind): DatasetIndex => ({
  format: 1,
  shape: [...shape],
  classCount,
  nextId: 1,
  nextKey: 1,
  revision: 0,
  shards: [],
});

/** Null where there is none yet. */
export function readIndex(record: unknown): DatasetIndex | 'damaged' | null {
  if (record === undefined) return null;
  const parsed = v.safeParse(schema, record);
  return parsed.success ? parsed.output : 'damaged';
}

export const fits = (index: DatasetIndex, { shape, classCount }: DataKind): boolean =>
  index.shape.join() === shape.join() && index.classCount === classCount;

export function summaryOf(index: DatasetIndex, exampleBytes: number): { readonly ok: true } & DatasetSummary {
  const perLabel = new Array<number>(index.classCount).fill(0);
  let count = 0;
  for (const shard of index.shards) {
    count += shard.count;
    shard.perLabel.forEach((some, label) => {
      perLabel[label] = (perLabel[label] ?? 0) + some;
    });
  }
  return { ok: true, count, bytes: shardBytes(count, exampleBytes), perLabel, revision: index.revision };
}
