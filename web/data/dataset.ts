import type { TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import {
  columnsProblem,
  type ExampleColumns,
  type ExampleForm,
  exampleSize,
  type FeatureValues,
} from '../../shared/task/kinds/form.ts';
import { type DataFailure, dataFailure, failureOf, RefusedChange } from './failure.ts';
import { type DatasetIndex, emptyIndex, fits, readIndex, summaryOf } from './index-record.ts';
import { createIndexedDbShards } from './indexeddb-shards.ts';
import { createMemoryShards } from './memory-shards.ts';
import {
  columnsOf,
  entryOf,
  isIntact,
  packShard,
  type ShardColumns,
  type ShardEntry,
  shardCapacity,
  withoutRow,
} from './shard.ts';
import type { ShardReader, ShardStore, ShardTransaction } from './shard-store.ts';

export interface StoredExample {
  /** Stable within the dataset. */
  readonly id: number;
  readonly target: number;
  readonly features: FeatureValues;
}

export interface DatasetSummary {
  readonly count: number;
  /** Bytes of the examples on this device. */
  readonly bytes: number;
  /** Examples of each label; none where the targets are numbers. */
  readonly perLabel: readonly number[];
  /** Grows with every change, in any tab. */
  readonly revision: number;
}

type Answer<Value> = ({ readonly ok: true } & Value) | DataFailure;

/**
 * One task's examples on this device. Writes resolve when they are complete; nothing is opened before the first call
 * and no database is made by reading. Every read checks what it reads.
 */
export interface Dataset {
  readonly kept: 'indexeddb' | 'memory';
  summary(): Promise<Answer<DatasetSummary>>;
  add(examples: ExampleColumns): Promise<Answer<DatasetSummary>>;
  /** Deletes one example; one that is gone already is no failure. */
  remove(id: number): Promise<Answer<DatasetSummary>>;
  /** Deletes all examples, and the database with them. */
  clear(): Promise<Answer<object>>;
  /** For pictures: newest first. */
  page(offset: number, limit: number): Promise<Answer<{ readonly examples: readonly StoredExample[] }>>;
  /** Everything, for training: one entry a shard, each checked against its count and hash. */
  read(): Promise<Answer<{ readonly parts: readonly ExampleColumns[]; readonly revision: number }>>;
  /** Drops what is damaged and keeps the rest; how many examples were lost. */
  repair(): Promise<Answer<{ readonly dropped: number }>>;
  close(): void;
}

export const createDataset = (task: TaskId, form: ExampleForm): Dataset => datasetOf(createIndexedDbShards(task), form);
export const createMemoryDataset = (form: ExampleForm): Dataset => datasetOf(createMemoryShards(), form);

/** A dataset on any store of shards. */
export function datasetOf(store: ShardStore, form: ExampleForm): Dataset {
  const size = exampleSize(form);
  const capacity = shardCapacity(form);

  return {
    kept: store.kept,
    summary: () => answer(() => store.view(async (reader) => summaryOf(await usableIndex(reader), form))),
    async add(examples) {
      const problem = columnsProblem(examples, form);
      if (problem !== null) return dataFailure('bad-examples', problem);
      return answer(() => store.change((transaction) => append(transaction, examples)));
    },
    remove: (id) => answer(() => store.change((transaction) => removeOne(transaction, id))),
    clear: () =>
      answer(async () => {
        await store.destroy();
        return { ok: true } as const;
      }),
    page: (offset, limit) => answer(() => store.view((reader) => newest(reader, offset, limit))),
    read: () => answer(() => store.view(readAll)),
    repair: () => answer(() => store.change(repair)),
    close: () => store.close(),
  };

  async function usableIndex(reader: ShardReader): Promise<DatasetIndex> {
    const index = readIndex(await reader.index());
    if (index === 'damaged') throw new RefusedChange('dataset-damaged', 'The list of the stored examples is damaged.');
    if (index === null) return emptyIndex(form);
    if (!fits(index, form)) {
      throw new RefusedChange('dataset-damaged', 'The stored examples belong to another task of this name.');
    }
    return index;
  }

  async function intact(reader: ShardReader, entry: ShardEntry): Promise<ShardColumns> {
    const bytes = await reader.shard(entry.key);
    if (isIntact(entry, bytes, form)) return columnsOf(aligned(bytes), entry.count, form);
    throw new RefusedChange('dataset-damaged', `${entry.count} stored examples are damaged.`);
  }

  /** Fills the last shard, then makes new ones. */
  async function append(transaction: ShardTransaction, { features, targets }: ExampleColumns) {
    const index = await usableIndex(transaction);
    const before = summaryOf(index, form).count;
    if (before + targets.length > LIMITS.examplesPerDatasetCount) {
      throw new RefusedChange('full', `At most ${LIMITS.examplesPerDatasetCount} examples are kept for one task.`);
    }
    const shards = [...index.shards];
    let { nextId, nextKey } = index;
    for (let at = 0; at < targets.length; ) {
      const last = shards.at(-1);
      const open = last !== undefined && last.count < capacity ? last : undefined;
      const old = open === undefined ? [] : [await intact(transaction, open)];
      const count = Math.min(targets.length - at, capacity - (open?.count ?? 0));
      const fresh: ShardColumns = {
        ids: Uint32Array.from({ length: count }, (_, row) => nextId + row),
        targets: targets.subarray(at, at + count),
        features: features.subarray(at * size, (at + count) * size),
      };
      const key = open?.key ?? nextKey++;
      const entry = await put(transaction, key, [...old, fresh]);
      if (open !== undefined) shards.pop();
      shards.push(entry);
      nextId += count;
      at += count;
    }
    return save(transaction, { ...index, shards, nextId, nextKey });
  }

  async function removeOne(transaction: ShardTransaction, id: number) {
    const index = await usableIndex(transaction);
    const entry = index.shards.find(({ firstId, lastId }) => firstId <= id && id <= lastId);
    const columns = entry && (await intact(transaction, entry));
    const row = columns?.ids.indexOf(id) ?? -1;
    if (entry === undefined || columns === undefined || row < 0) return summaryOf(index, form);
    if (entry.count === 1) await transaction.dropShard(entry.key);
    const changed = entry.count === 1 ? [] : [await put(transaction, entry.key, withoutRow(columns, row))];
    return save(transaction, { ...index, shards: index.shards.flatMap((one) => (one === entry ? changed : [one])) });
  }

  async function newest(reader: ShardReader, offset: number, limit: number) {
    const examples: StoredExample[] = [];
    let skip = offset;
    for (const entry of (await usableIndex(reader)).shards.toReversed()) {
      if (examples.length >= limit) break;
      if (skip >= entry.count) {
        skip -= entry.count;
        continue;
      }
      const { ids, targets, features } = await intact(reader, entry);
      for (let row = entry.count - 1 - skip; row >= 0 && examples.length < limit; row--) {
        const own = features.slice(row * size, (row + 1) * size);
        examples.push({ id: ids[row] as number, target: targets[row] as number, features: own });
      }
      skip = 0;
    }
    return { ok: true, examples } as const;
  }

  async function readAll(reader: ShardReader) {
    const index = await usableIndex(reader);
    const parts: ExampleColumns[] = [];
    for (const entry of index.shards) parts.push(await intact(reader, entry));
    return { ok: true, parts, revision: index.revision } as const;
  }

  async function repair(transaction: ShardTransaction) {
    const index = readIndex(await transaction.index());
    if (index === 'damaged' || (index !== null && !fits(index, form))) {
      // Without the list nothing tells a good shard from a bad one.
      await transaction.dropAll();
      return { ok: true, dropped: 0 } as const;
    }
    if (index === null) return { ok: true, dropped: 0 } as const;
    const kept: ShardEntry[] = [];
    for (const entry of index.shards) {
      if (isIntact(entry, await transaction.shard(entry.key), form)) kept.push(entry);
      else await transaction.dropShard(entry.key);
    }
    const before = summaryOf(index, form).count;
    const { count } = await save(transaction, { ...index, shards: kept });
    return { ok: true, dropped: before - count } as const;
  }

  async function put(transaction: ShardTransaction, key: number, parts: readonly ShardColumns[]) {
    const bytes = packShard(parts, form);
    await transaction.putShard(key, bytes);
    const count = parts.reduce((sum, { ids }) => sum + ids.length, 0);
    return entryOf(key, bytes, count, form);
  }

  async function save(transaction: ShardTransaction, index: DatasetIndex) {
    const next = { ...index, revision: index.revision + 1 };
    await transaction.putIndex(next);
    return summaryOf(next, form);
  }
}

async function answer<Value extends { readonly ok: true }>(work: () => Promise<Value>): Promise<Value | DataFailure> {
  try {
    return await work();
  } catch (error) {
    return failureOf(error);
  }
}

/** IndexedDB gives back views that begin where they like. */
const aligned = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
