import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../shared/hash.ts';
import { seededRng } from '../../shared/rng.ts';
import {
  conventionOf,
  deal,
  dealPeople,
  type LabelPartition,
  type Partition,
  readPartition,
  readSizes,
  type Sizes,
} from './partition.ts';

const labels = Uint8Array.from({ length: 2_000 }, (_, index) => index % 10);
const classesOf = (indices: Uint32Array): number => new Set([...indices].map((index) => labels[index])).size;

it.each<[string, Partition | null]>([
  ['iid', { kind: 'iid' }],
  ['shards:2', { kind: 'shards', perClient: 2 }],
  ['dirichlet:0.5', { kind: 'dirichlet', alpha: 0.5 }],
  ['people', { kind: 'people' }],
  ['people:3', null],
  ['', null],
  ['iid:1', null],
  ['shards', null],
  ['shards:0', null],
  ['shards:1.5', null],
  ['dirichlet:', null],
  ['dirichlet:-1', null],
  ['dirichlet:x', null],
  ['shards:2:3', null],
  ['dirichlet-b:0.1', { kind: 'dirichlet-b', beta: 0.1 }],
  ['dirichlet-b:0', null],
  ['labels:3', { kind: 'labels', perClient: 3 }],
  ['labels:2.5', null],
  ['random', null],
])('reads %j as %j', (text, expected) => {
  expect(readPartition(text)).toEqual(expected);
});

it.each<[string, Sizes | null]>([
  ['equal', { kind: 'equal' }],
  ['dirichlet:2', { kind: 'dirichlet', alpha: 2 }],
  ['dirichlet:0', null],
  ['dirichlet', null],
  ['dirichlet:1:2', null],
  ['lognormal:1', null],
])('reads the sizes %j as %j', (text, expected) => {
  expect(readSizes(text)).toEqual(expected);
});

/** The first 32 bits of the SHA-256 of all that was dealt, each contributor's number before what it has. */
const printOf = (dealt: readonly Uint32Array[]): string =>
  sha256Hex(new Uint8Array(Uint32Array.from(dealt.flatMap((own, client) => [client, ...own])).buffer)).slice(0, 8);

describe('dealing', () => {
  it('gives nobody an example twice, and everybody as many as asked for', () => {
    const partition = fc.oneof(
      fc.constant<LabelPartition>({ kind: 'iid' }),
      fc.integer({ min: 1, max: 4 }).map<LabelPartition>((perClient) => ({ kind: 'shards', perClient })),
      fc.double({ min: 0.01, max: 100, noNaN: true }).map<LabelPartition>((alpha) => ({ kind: 'dirichlet', alpha })),
    );
    fc.assert(
      fc.property(
        partition,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 4, max: 100 }),
        fc.nat(),
        (how, clients, each, seed) => {
          const dealt = deal(labels, clients, each, how, seededRng(seed));
          const all = dealt.flatMap((indices) => [...indices]);
          expect(dealt).toHaveLength(clients);
          expect(new Set(all).size).toBe(all.length);
          expect(all.every((index) => index < labels.length)).toBe(true);
          const least = how.kind === 'shards' ? each - how.perClient + 1 : each;
          for (const indices of dealt) expect(indices.length >= least && indices.length <= each).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each<[string, LabelPartition, Sizes, string]>([
    ['iid', { kind: 'iid' }, { kind: 'equal' }, 'd5ac5513'],
    ['two shards', { kind: 'shards', perClient: 2 }, { kind: 'equal' }, '03c31c4b'],
    ['convention A', { kind: 'dirichlet', alpha: 0.5 }, { kind: 'equal' }, 'fdee5d0d'],
    ['convention B', { kind: 'dirichlet-b', beta: 0.5 }, { kind: 'equal' }, 'de4c0420'],
    ['two labels', { kind: 'labels', perClient: 2 }, { kind: 'equal' }, 'b0bb6cfc'],
    ['iid of different sizes', { kind: 'iid' }, { kind: 'dirichlet', alpha: 1 }, 'cd1e7259'],
    ['convention A of different sizes', { kind: 'dirichlet', alpha: 0.5 }, { kind: 'dirichlet', alpha: 1 }, '5eef713b'],
  ])('%s is the same to the byte for one seed', (_, how, sizes, print) => {
    const dealt = deal(labels, 10, 150, how, seededRng(7), sizes);
    expect(printOf(dealt)).toBe(print);
    expect(deal(labels, 10, 150, how, seededRng(8), sizes)).not.toEqual(dealt);
    const all = dealt.flatMap((own) => [...own]);
    expect(all).toHaveLength(1_500);
    expect(new Set(all).size).toBe(1_500);
  });

  it('by convention B shares every label out, and leaves nobody fewer than ten examples', () => {
    for (const seed of [1, 2, 3]) {
      const dealt = deal(labels, 10, 200, { kind: 'dirichlet-b', beta: 0.3 }, seededRng(seed));
      const sizes = dealt.map(({ length }) => length);
      expect(new Set(dealt.flatMap((own) => [...own])).size).toBe(2_000);
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(10);
      expect(Math.max(...sizes)).toBeGreaterThanOrEqual(300);
    }
    const crowd = () => deal(labels, 10, 10, { kind: 'dirichlet-b', beta: 0.1 }, seededRng(1));
    expect(crowd).toThrow('fewer than 10 examples');
  });

  it('by labels gives each contributor as many labels as asked for, and every label to somebody', () => {
    const dealt = deal(labels, 12, 100, { kind: 'labels', perClient: 3 }, seededRng(5));
    expect(dealt.map(classesOf)).toEqual(Array(12).fill(3));
    expect(classesOf(Uint32Array.from(dealt.flatMap((own) => [...own])))).toBe(10);
    expect(() => deal(labels, 12, 100, { kind: 'labels', perClient: 11 }, seededRng(5))).toThrow('more labels');
  });

  it('by sizes from Dir(alpha) has as many examples in all, the more unequally the smaller alpha is', () => {
    const spread = (alpha: number): number => {
      const dealt = deal(labels, 10, 200, { kind: 'iid' }, seededRng(2), { kind: 'dirichlet', alpha });
      const sizes = dealt.map(({ length }) => length);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(2_000);
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(10);
      return Math.max(...sizes) / 200;
    };
    expect(spread(0.7)).toBeGreaterThan(2);
    expect(spread(1_000)).toBeLessThan(1.2);
  });

  it('is the same for the same seed', () => {
    const how: LabelPartition = { kind: 'dirichlet', alpha: 0.5 };
    expect(deal(labels, 5, 50, how, seededRng(7))).toEqual(deal(labels, 5, 50, how, seededRng(7)));
    expect(deal(labels, 5, 50, how, seededRng(7))).not.toEqual(deal(labels, 5, 50, how, seededRng(8)));
  });

  it('of people gives each contributor one of them, whole or the first examples', () => {
    const dealt = dealPeople(6, 10, 4, 3, seededRng(1));
    expect(dealt.map((indices) => [...indices].map((index) => index % 10))).toEqual(new Array(4).fill([0, 1, 2]));
    expect(new Set(dealt.map(([first = 0]) => Math.floor(first / 10))).size).toBe(4);
    expect(dealPeople(6, 10, 1, 600, seededRng(1))[0]).toHaveLength(10);
  });

  it('by shards leaves each contributor few labels, evenly it leaves all', () => {
    const shards = deal(labels, 20, 100, { kind: 'shards', perClient: 2 }, seededRng(1)).map(classesOf);
    expect(Math.max(...shards)).toBeLessThanOrEqual(4);
    expect(deal(labels, 20, 100, { kind: 'iid' }, seededRng(1)).map(classesOf)).toEqual(Array(20).fill(10));
  });

  // Of Dir(α · prior) the chance that two examples of one contributor have the same label is E Σ q² = (α Σ prior² + 1) ÷ (α + 1).
  it.each([
    ['ten labels alike, α = 0.1', 0.1, Array(10).fill(0.1), 1.01 / 1.1],
    ['ten labels alike, α = 1', 1, Array(10).fill(0.1), 1.1 / 2],
    ['ten labels alike, α = 10', 10, Array(10).fill(0.1), 2 / 11],
    ['one label of four in five, α = 1', 1, [0.8, 0.2], 1.68 / 2],
  ])('by convention A has the concentration of Hsu et al.: %s', (_, alpha, prior: readonly number[], expected) => {
    const [clients, each] = [400, 50];
    // Ten times more than is dealt: no label is used up, so that the mixes are as they were drawn.
    const many = Uint8Array.from(prior.flatMap((share, label) => Array(share * clients * each * 10).fill(label)));
    const counts = deal(many, clients, each, { kind: 'dirichlet', alpha }, seededRng(11)).map((own) =>
      prior.map((_, label) => own.filter((index) => many[index] === label).length),
    );
    const mean = (of: (counts: readonly number[]) => number): number =>
      counts.reduce((sum, one) => sum + of(one), 0) / clients;
    const alike = mean((one) => one.reduce((sum, count) => sum + count * (count - 1), 0) / (each * (each - 1)));
    expect(Math.abs(alike - expected)).toBeLessThan(0.03);
    for (const [label, share] of prior.entries())
      expect(Math.abs(mean((one) => one[label] ?? 0) / each - share)).toBeLessThan(0.05);
  });

  it('by convention A with a tiny alpha gives each contributor one label', () => {
    const dealt = deal(labels, 10, 20, { kind: 'dirichlet', alpha: 1e-6 }, seededRng(4));
    expect(dealt.map(classesOf)).toEqual(Array(10).fill(1));
  });

  it('says which convention a Dirichlet partition follows', () => {
    expect(conventionOf({ kind: 'dirichlet', alpha: 0.1 })).toContain('convention A (Hsu et al. 2019)');
    expect(conventionOf({ kind: 'dirichlet-b', beta: 0.1 })).toContain('convention B');
    expect(conventionOf({ kind: 'iid' })).toBeNull();
  });
});
