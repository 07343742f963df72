import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../shared/hash.ts';
import { bytesForm, type ExampleForm, emptyColumns } from '../../shared/task/kinds/form.ts';
import { createMemoryDataset, type Dataset, datasetOf } from './dataset.ts';
import { CONTRACT_FORM, DATASET_CONTRACT, numbered } from './dataset-contract.ts';
import { createMemoryShards } from './memory-shards.ts';
import type { ShardStore } from './shard-store.ts';

describe('the dataset in memory', () => {
  test.each(Object.entries(DATASET_CONTRACT))('%s', async (_, keeps) => {
    await keeps(createMemoryDataset(CONTRACT_FORM));
  });
});

describe('examples of other forms', () => {
  const form: ExampleForm = {
    shape: [2],
    features: { type: 'float32' },
    target: { type: 'number', offset: 0, scale: 10 },
  };

  test('numbers come back as they were, across shards, with none counted by label', async () => {
    const dataset = createMemoryDataset(form);
    const count = 100_000;
    const features = Float32Array.from({ length: 2 * count }, (_, at) => at / 4);
    const targets = Float32Array.from({ length: count }, (_, at) => -at);
    expect(await dataset.add({ features, targets })).toMatchObject({
      ok: true,
      count,
      perLabel: [],
      bytes: 16 * count,
    });
    const read = await dataset.read();
    if (!read.ok) throw new Error(read.message);
    expect(read.parts.map((part) => part.targets.length)).toEqual([65_536, 34_464]);
    expect([...(read.parts[1]?.features.subarray(0, 2) ?? [])]).toEqual([32_768, 32_768.25]);
    expect(await dataset.page(0, 1)).toMatchObject({
      examples: [{ target: -99_999, features: Float32Array.of(49_999.5, 49_999.75) }],
    });
  });

  test.each<[string, ExampleForm]>([
    ['classes of odd count', { ...form, target: { type: 'class', count: 3 } }],
    ['tokens', { ...form, features: { type: 'int32', below: 9 } }],
  ])('%s lie where their numbers may', async (_, other) => {
    const dataset = createMemoryDataset(other);
    const columns = emptyColumns(other, 3);
    columns.features.set([1, 2, 3, 4, 5, 6]);
    columns.targets.set([2, 1, 2]);
    await dataset.add(columns);
    const read = await dataset.read();
    expect(read.ok && read.parts[0]).toMatchObject(columns);
  });

  test.each([
    ['another type', { features: Uint8Array.of(1, 2), targets: Float32Array.of(1) }],
    ['no number', { features: Float32Array.of(1, Number.NaN), targets: Float32Array.of(1) }],
    ['an infinite target', { features: Float32Array.of(1, 2), targets: Float32Array.of(Number.POSITIVE_INFINITY) }],
    ['a column too few', { features: Float32Array.of(1), targets: Float32Array.of(1) }],
  ])('%s is refused', async (_, columns) => {
    expect(await createMemoryDataset(form).add(columns)).toMatchObject({ ok: false, reason: 'bad-examples' });
  });

  test('images that an earlier version stored are read, byte by byte', async () => {
    const store = createMemoryShards();
    // ids 1 and 2, labels 2 and 0, then the pixels.
    const bytes = Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 7, 8);
    await store.change(async (transaction) => {
      await transaction.putShard(1, bytes);
      const shard = { key: 1, count: 2, sha256: sha256Hex(bytes), firstId: 1, lastId: 2, perLabel: [1, 0, 1] };
      const index = { format: 1, shape: [1, 1, 1], classCount: 3, nextId: 3, nextKey: 2, revision: 1, shards: [shard] };
      await transaction.putIndex(index);
    });
    const read = await datasetOf(store, bytesForm([1, 1, 1], 3)).read();
    expect(read.ok && read.parts[0]).toMatchObject({ features: Uint8Array.of(7, 8), targets: Uint16Array.of(2, 0) });
  });
});

/** 60,000 examples: two shards. */
async function filled(): Promise<{ store: ShardStore; dataset: Dataset }> {
  const store = createMemoryShards();
  const dataset = datasetOf(store, CONTRACT_FORM);
  await dataset.add(numbered(0, 60_000));
  return { store, dataset };
}

const damage = (store: ShardStore, key: number, change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>) =>
  store.change(async (transaction) => {
    const bytes = (await transaction.shard(key)) as Uint8Array<ArrayBuffer>;
    await transaction.putShard(key, change(bytes));
  });

describe('a damaged dataset', () => {
  test.each<[string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>]>([
    ['one bit turned', (bytes) => bytes.with(999_999, (bytes[999_999] ?? 0) ^ 1)],
    ['cut short', (bytes) => bytes.slice(0, -1)],
    ['emptied', () => new Uint8Array(0)],
  ])('%s: is noticed when it is read, and repaired without the bad shard', async (_, change) => {
    const { store, dataset } = await filled();
    const read = await dataset.read();
    const sizes = read.ok && read.parts.map(({ targets }) => targets.length);
    expect(sizes).toEqual([47_662, 12_338]);
    await damage(store, 1, change);
    expect(await dataset.read()).toMatchObject({ ok: false, reason: 'dataset-damaged' });
    expect(await dataset.page(20_000, 1)).toMatchObject({ reason: 'dataset-damaged' });
    expect(await dataset.repair()).toEqual({ ok: true, dropped: 47_662 });
    expect(await dataset.summary()).toMatchObject({ ok: true, count: 12_338 });
    expect(await dataset.read()).toMatchObject({ ok: true });
  });

  test('a shard that is missing is damage too', async () => {
    const { store, dataset } = await filled();
    await store.change((transaction) => transaction.dropShard(2));
    expect(await dataset.read()).toMatchObject({ reason: 'dataset-damaged' });
    expect(await dataset.repair()).toEqual({ ok: true, dropped: 12_338 });
  });

  test.each([[{ format: 2 }], ['nonsense'], [null], [[]]])('an index of %j says so and is emptied', async (index) => {
    const store = createMemoryShards();
    const dataset = datasetOf(store, CONTRACT_FORM);
    await dataset.add(numbered(0, 1));
    await store.change((transaction) => transaction.putIndex(index as object));
    for (const answer of [dataset.summary(), dataset.read(), dataset.page(0, 1), dataset.add(numbered(0, 1))]) {
      expect(await answer).toMatchObject({ ok: false, reason: 'dataset-damaged' });
    }
    expect(await dataset.repair()).toMatchObject({ ok: true });
    expect(await dataset.summary()).toMatchObject({ ok: true, count: 0 });
    expect(await dataset.add(numbered(0, 1))).toMatchObject({ ok: true, count: 1 });
  });

  test('examples of another task under the same name are not trained on', async () => {
    const store = createMemoryShards();
    await datasetOf(store, bytesForm([16], 3)).add(numbered(0, 1));
    const dataset = datasetOf(store, CONTRACT_FORM);
    expect(await dataset.read()).toMatchObject({ reason: 'dataset-damaged' });
    expect(await dataset.repair()).toMatchObject({ ok: true });
    expect(await dataset.summary()).toMatchObject({ count: 0 });
  });

  test('a change that is refused half-way leaves everything as it was', async () => {
    const { store, dataset } = await filled();
    await damage(store, 2, (bytes) => bytes.slice(1));
    const before = await dataset.summary();
    expect(await dataset.add(numbered(0, 5))).toMatchObject({ reason: 'dataset-damaged' });
    expect(await dataset.summary()).toEqual(before);
  });
});

describe('what storage throws', () => {
  test.each([
    ['QuotaExceededError', 'quota'],
    ['SecurityError', 'unavailable'],
    ['InvalidStateError', 'unavailable'],
    ['UnknownError', 'dataset-damaged'],
    ['VersionError', 'newer'],
    ['AbortError', 'failed'],
  ])('%s is %s', async (name, reason) => {
    const memory = createMemoryShards();
    const failing = { ...memory, change: () => Promise.reject(new DOMException('no', name)) };
    expect(await datasetOf(failing, CONTRACT_FORM).add(numbered(0, 1))).toMatchObject({ ok: false, reason });
  });
});
