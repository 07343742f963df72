import * as v from 'valibot';
import { isSha256, type Sha256 } from '../../shared/ids.ts';
import type { ExampleForm } from '../../shared/task/kinds/form.ts';
import type { DatasetSummary } from './dataset.ts';
import { emptyCounts, exampleBytes, type ShardEntry } from './shard.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const sha256 = v.pipe(
  v.string(),
  v.check((value) => isSha256(value)),
  v.transform((value) => value as Sha256),
);
const schema = v.object({
  format: v.literal(1),
  shape: v.array(count),
  /** 0: the targets are numbers. */
  classCount: count,
  /** How the features are kept; absent in what was written when there were images alone. */
  features: v.optional(v.picklist(['uint8', 'float32', 'int32']), 'uint8'),
  nextId: count,
  nextKey: count,
  revision: count,
  shards: v.array(v.object({ key: count, count, sha256, firstId: count, lastId: count, perLabel: v.array(count) })),
});

/** The list of a dataset's shards, with the count and the hash of each: the one record that all else hangs on. */
export type DatasetIndex = Readonly<Omit<v.InferOutput<typeof schema>, 'shards'>> & {
  readonly shards: readonly ShardEntry[];
};

const classCountOf = ({ target }: ExampleForm): number => (target.type === 'class' ? target.count : 0);

export const emptyIndex = (form: ExampleForm): DatasetIndex => ({
  format: 1,
  shape: [...form.shape],
  classCount: classCountOf(form),
  features: form.features.type,
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

export const fits = (index: DatasetIndex, form: ExampleForm): boolean =>
  index.shape.join() === form.shape.join() &&
  index.classCount === classCountOf(form) &&
  index.features === form.features.type;

export function summaryOf(index: DatasetIndex, form: ExampleForm): { readonly ok: true } & DatasetSummary {
  const perLabel = emptyCounts(form);
  let count = 0;
  for (const shard of index.shards) {
    count += shard.count;
    shard.perLabel.forEach((some, label) => {
      perLabel[label] = (perLabel[label] ?? 0) + some;
    });
  }
  return { ok: true, count, bytes: count * exampleBytes(form), perLabel, revision: index.revision };
}
