import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sha256 } from '../ids.ts';
import { memoryVector, type VectorStore } from './kept-vector.ts';
import { topK } from './top-k.ts';
import { createUpdateEncoder, type Residual, type ResidualCoding } from './update-encoder.ts';

const fraction = 0.25;
const coding = (baseVersion: number, more: Partial<ResidualCoding> = {}): ResidualCoding => ({
  ...{ codec: { up: 'top-k', fraction }, baseSha256: 'ab'.repeat(32) as Sha256, seed: 1 },
  ...{ baseVersion, layoutSha256: 'cd'.repeat(32) as Sha256 },
  ...more,
});
const sentOf = (body: Uint8Array, values: number): Float32Array =>
  topK.decode(body, values, { fraction, seed: 0 }) ?? new Float32Array(values);

async function round(
  store: VectorStore<Residual>,
  delta: number[],
  version: number,
  isAccepted: boolean,
  more: Partial<ResidualCoding> = {},
): Promise<number[]> {
  const encoder = createUpdateEncoder(store);
  const { body } = await encoder.encode(Float32Array.from(delta), coding(version, more));
  await encoder.settle(isAccepted);
  return [...sentOf(body, delta.length)];
}

describe('error feedback', () => {
  it('sends later what was left out', async () => {
    const store = memoryVector<Residual>();
    expect(await round(store, [4, 3, 0, 0], 1, true)).toEqual([4, 0, 0, 0]);
    expect(await round(store, [1, 1, 0, 0], 2, true)).toEqual([0, 4, 0, 0]);
    expect(await round(store, [0, 0, 0, 0.5], 3, true)).toEqual([1, 0, 0, 0]);
    expect(await store.load()).toEqual({
      ...{ values: Float32Array.of(0, 0, 0, 0.5), version: 3, layoutSha256: 'cd'.repeat(32) },
    });
  });

  it('the sum of what was sent and the residual is the sum of the inputs, exactly', async () => {
    const inputs = fc.array(fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 8, maxLength: 8 }), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(inputs, async (deltas) => {
        const store = memoryVector<Residual>();
        const total = new Float64Array(8);
        const sent = new Float64Array(8);
        let version = 0;
        for (const [first = 0, ...rest] of deltas) {
          // Never all zero: such a delta is none.
          const delta = [first === 0 ? 10_000 : first, ...rest];
          for (const [i, value] of delta.entries()) total[i] = (total[i] as number) + value;
          const encoder = createUpdateEncoder(store);
          const encoded = await encoder.encode(Float32Array.from(delta), coding(version++)).catch(() => null);
          if (encoded === null) return; // what was kept and what came cancel out
          await encoder.settle(true);
          for (const [i, value] of sentOf(encoded.body, 8).entries()) sent[i] = (sent[i] as number) + value;
        }
        const kept = ((await store.load()) as { values: Float32Array }).values;
        expect([...kept].map((value, i) => value + (sent[i] as number))).toEqual([...total]);
      }),
    );
  });

  it('of a report that was not accepted nothing changes', async () => {
    const store = memoryVector<Residual>();
    await round(store, [4, 3, 0, 0], 1, true);
    expect(await round(store, [9, 9, 9, 9], 2, false)).toEqual([0, 12, 0, 0]);
    expect(await store.load()).toMatchObject({ values: Float32Array.of(0, 3, 0, 0), version: 1 });
  });

  it('a page that ends before it knows loses the residual, and sends nothing twice', async () => {
    const store = memoryVector<Residual>();
    await round(store, [4, 3, 0, 0], 1, true);
    await createUpdateEncoder(store).encode(Float32Array.of(1, 1, 0, 0), coding(2));
    expect(await store.load()).toBe(null);
    expect(await round(store, [0, 0, 1, 0], 3, true)).toEqual([0, 0, 1, 0]);
  });

  it.each([
    ['after 21 versions', 22, {}, [1, 0, 0, 0]],
    ['of a later version', 0, {}, [1, 0, 0, 0]],
    ['of another layout', 2, { layoutSha256: 'ef'.repeat(32) as Sha256 }, [1, 0, 0, 0]],
    ['but not after 20 versions', 21, {}, [0, 3, 0, 0]],
  ])('is dropped %s', async (_, version, more, sent) => {
    const store = memoryVector<Residual>();
    await round(store, [4, 3, 0, 0], 1, true);
    expect(await round(store, [1, 0, 0, 0], version, true, more)).toEqual(sent);
  });

  it.each([
    undefined,
    'text',
    { values: [0, 9, 0, 0], version: 1, layoutSha256: 'cd'.repeat(32) },
    { values: Float32Array.of(0, 9, 0), version: 1, layoutSha256: 'cd'.repeat(32) },
    { values: Float32Array.of(0, 9, Number.NaN, 0), version: 1, layoutSha256: 'cd'.repeat(32) },
    { values: Float32Array.of(0, 9, 0, 0), version: '1', layoutSha256: 'cd'.repeat(32) },
  ])('is not taken from what is none: %j', async (stored) => {
    const store: VectorStore<Residual> = { load: async () => stored, save: async () => {} };
    expect(await round(store, [1, 0, 0, 0], 2, true)).toEqual([1, 0, 0, 0]);
  });

  it('is for top-k alone: nothing is kept of other codecs', async () => {
    const store = memoryVector<Residual>();
    await round(store, [4, 3, 0, 0], 1, true, { codec: { up: 'uniform-4', range: 5 } });
    expect(await store.load()).toBe(null);
  });

  it('a delta that is not finite, or zero throughout, is not encoded', async () => {
    const encoder = createUpdateEncoder(memoryVector<Residual>());
    await expect(encoder.encode(Float32Array.of(1, Number.NaN), coding(1))).rejects.toThrow('not a finite number');
    await expect(encoder.encode(new Float32Array(4), coding(1, { codec: { up: 'eden-1' } }))).rejects.toThrow('zero');
  });
});
