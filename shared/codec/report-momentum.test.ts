import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sha256 } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { seededRng } from '../rng.ts';
import { memoryVector, type VectorStore } from './kept-vector.ts';
import { createReportMomentum, type Momentum } from './report-momentum.ts';

const layoutSha256 = 'cd'.repeat(32) as Sha256;
const place = (baseVersion: number, more: object = {}) => ({ baseVersion, layoutSha256, ...more });

interface Part {
  readonly delta: readonly number[];
  readonly version: number;
  readonly beta?: number;
  readonly isAccepted?: boolean;
  readonly more?: object;
}

/** One report by a page of its own: what it says. */
async function reported(
  store: VectorStore<Momentum>,
  { delta, version, beta = 0.5, isAccepted = true, more }: Part,
): Promise<number[]> {
  const momentum = createReportMomentum(store);
  const values = await momentum.blend(Float32Array.from(delta), beta, place(version, more));
  await momentum.settle(isAccepted);
  return [...values];
}

describe('momentum of reports', () => {
  it('by hand, β = ½: the change itself; then (Δ₁ + ½ Δ₀) / 1½; then (Δ₂ + ½ Δ₁ + ¼ Δ₀) / 1¾', async () => {
    const store = memoryVector<Momentum>();
    expect(await reported(store, { delta: [3, 0, -6], version: 1 })).toEqual([3, 0, -6]);
    expect(await reported(store, { delta: [0, 3, 3], version: 2 })).toEqual([1, 2, 0]);
    expect(await reported(store, { delta: [2, 4, 0], version: 3 })).toEqual([
      ...Float32Array.of((2 + 0.75) / 1.75, (4 + 1.5) / 1.75, 0),
    ]);
    expect(await store.load()).toMatchObject({ mass: 1.75, version: 3, layoutSha256 });
  });

  it('β = 0 is the change, bit for bit, and nothing is kept', async () => {
    const store = memoryVector<Momentum>();
    await store.save({ values: Float32Array.of(1, 1, 1), mass: 5, version: 1, layoutSha256 });
    const before = await store.load();
    expect(await reported(store, { delta: [-0, 1e-45, 3], version: 2, beta: 0 })).toEqual([
      -0, 1.401298464324817e-45, 3,
    ]);
    expect(await store.load()).toBe(before);
  });

  it('comes to m = (1 − β) Δ + β m of the paper where every version is reported from', async () => {
    const store = memoryVector<Momentum>();
    for (let version = 1; version <= 60; version++) await reported(store, { delta: [4, 4, 4], version });
    expect(await store.load()).toMatchObject({ mass: 2, values: Float32Array.of(4, 4, 4) });
    expect(await reported(store, { delta: [0, 8, 4], version: 61 })).toEqual([2, 6, 4]);
  });

  it('who stays away for n versions reports at most βⁿ of what was before, as it would be had others gone on', async () => {
    const store = memoryVector<Momentum>();
    await store.save({ values: Float32Array.of(16, 0, 0), mass: 2, version: 1, layoutSha256 });
    // β² = ¼ of mass 2 capped at 1 / (1 − ¼): ⅓ beside 1.
    expect(await reported(store, { delta: [0, 4, 0], version: 3 })).toEqual([4, 3, 0]);
  });

  it('of the same version twice, as after a round that was abandoned, both count the same', async () => {
    const store = memoryVector<Momentum>();
    await reported(store, { delta: [1, 0, 0], version: 4 });
    expect(await reported(store, { delta: [0, 1, 0], version: 4 })).toEqual([0.5, 0.5, 0]);
  });

  it('is an average: within the least and the most of the changes, whatever is reported and when', async () => {
    const part = fc.record({
      value: fc.integer({ min: -1_000, max: 1_000 }),
      gap: fc.integer({ min: 0, max: 25 }),
      isAccepted: fc.boolean(),
    });
    const betas = fc.constantFrom(0.1, 0.5, 0.9, 0.99, 0.999);
    await fc.assert(
      fc.asyncProperty(betas, fc.array(part, { minLength: 1, maxLength: 30 }), async (beta, parts) => {
        const store = memoryVector<Momentum>();
        let version = 0;
        let before: number | null = null;
        const counted: number[] = [];
        for (const { value, gap, isAccepted } of parts) {
          version += gap;
          const [said = Number.NaN] = await reported(store, { delta: [value], version, beta, isAccepted });
          const all = [...counted, value];
          expect(said).toBeGreaterThanOrEqual(Math.min(...all) - 1e-3);
          expect(said).toBeLessThanOrEqual(Math.max(...all) + 1e-3);
          // The past is at most β^gap of it.
          if (before !== null && gap > 0)
            expect(Math.abs(said - value)).toBeLessThanOrEqual(beta ** gap * Math.abs(before - value) + 1e-3);
          if (!isAccepted) version -= gap;
          else {
            counted.push(value);
            before = said;
          }
        }
      }),
    );
  });

  it('varies less than the changes: by (1 − β) / (1 + β) in the long run', async () => {
    const store = memoryVector<Momentum>();
    const rng = seededRng(7);
    const values = 2_000;
    let said = new Float32Array();
    const momentum = createReportMomentum(store);
    for (let version = 1; version <= 60; version++) {
      said = Float32Array.from(
        await momentum.blend(
          Float32Array.from({ length: values }, () => rng.normal()),
          0.9,
          place(version),
        ),
      );
      await momentum.settle(true);
    }
    const square = said.reduce((sum, value) => sum + value * value, 0) / values;
    expect(square).toBeGreaterThan(0.9 * (0.1 / 1.9));
    expect(square).toBeLessThan(1.1 * (0.1 / 1.9));
  });

  it('of a report that was not accepted nothing is kept', async () => {
    const store = memoryVector<Momentum>();
    await reported(store, { delta: [3, 0, 0], version: 1 });
    await reported(store, { delta: [900, 900, 900], version: 2, isAccepted: false });
    expect(await store.load()).toMatchObject({ values: Float32Array.of(3, 0, 0), mass: 1, version: 1 });
    expect(await reported(store, { delta: [0, 3, 0], version: 2 })).toEqual([1, 2, 0]);
  });

  it('a page that ends before it knows leaves that change out, and keeps those before', async () => {
    const store = memoryVector<Momentum>();
    await reported(store, { delta: [3, 0, 0], version: 1 });
    await createReportMomentum(store).blend(Float32Array.of(900, 0, 0), 0.5, place(2));
    expect(await reported(store, { delta: [0, 3, 0], version: 2 })).toEqual([1, 2, 0]);
  });

  it('what is still being saved goes into the next', async () => {
    const inner = memoryVector<Momentum>();
    let save = (): void => {};
    const slow: VectorStore<Momentum> = {
      load: () => inner.load(),
      save: (kept) => new Promise((resolve) => (save = () => void inner.save(kept).then(resolve))),
    };
    const momentum = createReportMomentum(slow);
    await momentum.blend(Float32Array.of(3, 0, 0), 0.5, place(1));
    const settled = momentum.settle(true);
    const next = momentum.blend(Float32Array.of(0, 3, 0), 0.5, place(2));
    save();
    await settled;
    expect([...(await next)]).toEqual([1, 2, 0]);
  });

  it('where nothing can be kept, every report is the change itself', async () => {
    const none: VectorStore<Momentum> = {
      load: () => Promise.reject(new Error('no storage')),
      save: () => Promise.reject(new Error('no storage')),
    };
    const momentum = createReportMomentum(none);
    await momentum.blend(Float32Array.of(3, 0, 0), 0.5, place(1));
    await expect(momentum.settle(true)).rejects.toThrow('no storage');
    expect([...(await momentum.blend(Float32Array.of(0, 3, 0), 0.5, place(2)))]).toEqual([0, 3, 0]);
  });

  const oldest = 1 + LIMITS.momentumVersionsCount;
  it.each([
    ['a version too old', { version: oldest + 1 }, [0, 1, 0]],
    ['of a later version', { version: 0 }, [0, 1, 0]],
    ['of another layout', { version: 2, more: { layoutSha256: 'ef'.repeat(32) } }, [0, 1, 0]],
    ['just young enough', { version: oldest, beta: 0.999 }, [expect.closeTo(0.5, 1), expect.closeTo(0.5, 1), 0]],
  ])('what is kept and is %s', async (_, part, said) => {
    const store = memoryVector<Momentum>();
    await reported(store, { delta: [1, 0, 0], version: 1 });
    expect(await reported(store, { delta: [0, 1, 0], ...part })).toEqual(said);
  });

  it.each([
    undefined,
    'text',
    { values: [9, 0, 0], mass: 1, version: 1, layoutSha256 },
    { values: Float32Array.of(9, 0), mass: 1, version: 1, layoutSha256 },
    { values: Float32Array.of(9, Number.NaN, 0), mass: 1, version: 1, layoutSha256 },
    { values: Float32Array.of(9, 0, 0), version: 1, layoutSha256 },
    { values: Float32Array.of(9, 0, 0), mass: 0.5, version: 1, layoutSha256 },
    { values: Float32Array.of(9, 0, 0), mass: Number.POSITIVE_INFINITY, version: 1, layoutSha256 },
    { values: Float32Array.of(9, 0, 0), mass: 1, version: '1', layoutSha256 },
  ])('is not taken from what is none: %j', async (stored) => {
    const store: VectorStore<Momentum> = { load: async () => stored, save: async () => {} };
    expect(await reported(store, { delta: [0, 1, 0], version: 2 })).toEqual([0, 1, 0]);
  });
});
