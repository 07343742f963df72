import { describe, expect, test } from 'vitest';
import { CONTRACT_FIT, CONTRACT_MODEL, PERSONAL_CONTRACT } from './personal-contract.ts';
import { createMemoryFits, personalFitsOf } from './personal-fits.ts';
import { createMemoryPersonal } from './personal-store.ts';

describe('a personal model in memory', () => {
  test.each(Object.entries(PERSONAL_CONTRACT))('%s', async (_, keeps) => {
    await keeps(createMemoryFits());
  });
});

describe('a record that is not what was written', () => {
  type Written = { readonly weights: Uint8Array };
  test.each<[string, (record: Written) => object]>([
    ['one bit turned', (record) => ({ ...record, weights: record.weights.with(5, (record.weights[5] ?? 0) ^ 1) })],
    ['cut short', (record) => ({ ...record, weights: record.weights.slice(1) })],
    ['without its base', (record) => ({ ...record, base: null })],
    ['of a later format', (record) => ({ ...record, format: 2 })],
    ['a list', () => []],
  ])('%s: is told of and dropped', async (_, change) => {
    const store = createMemoryPersonal();
    const fits = personalFitsOf(store);
    await fits.save(CONTRACT_FIT, CONTRACT_MODEL);
    await store.save(change((await store.load()) as Written));
    expect(await fits.load(CONTRACT_MODEL)).toEqual({ ok: false, reason: 'damaged' });
    expect(await store.load()).toBeUndefined();
  });

  test('weights that are no numbers are damage, whatever their hash', async () => {
    const fits = createMemoryFits();
    await fits.save({ ...CONTRACT_FIT, params: Float32Array.of(1, Number.NaN, 2) }, CONTRACT_MODEL);
    expect(await fits.load(CONTRACT_MODEL)).toEqual({ ok: false, reason: 'damaged' });
  });
});
