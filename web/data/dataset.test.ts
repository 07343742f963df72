import { describe, expect, test } from 'vitest';
import { createMemoryDataset, type Dataset, datasetOf } from './dataset.ts';
import { CONTRACT_KIND, DATASET_CONTRACT, numbered } from './dataset-contract.ts';
import { createMemoryShards } from './memory-shards.ts';
import type { ShardStore } from './shard-store.ts';

describe('the dataset in memory', () => {
  test.each(Object.entries(DATASET_CONTRACT))('%s', async (_, keeps) => {
    await keeps(createMemoryDataset(CONTRACT_KIND));
  });
});

/** 60,000 examples: two shards. */
async function filled(): Promise<{ store: ShardStore; dataset: Dataset }> {
  const store = createMemoryShards();
  const dataset = datasetOf(store, CONTRACT_KIND);
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
    const sizes = read.ok && read.parts.map(({ labels }) => labels.length);
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
    const dataset = datasetOf(store, CONTRACT_KIND);
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
    await datasetOf(store, { shape: [16], classCount: 3 }).add(numbered(0, 1));
    const dataset = datasetOf(store, CONTRACT_KIND);
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
    expect(await datasetOf(failing, CONTRACT_KIND).add(numbered(0, 1))).toMatchObject({ ok: false, reason });
  });
});
