import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRng } from '../../shared/rng.ts';
import { deal, dealPeople, type LabelPartition, type Partition, readPartition } from './partition.ts';

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
  ['random', null],
])('reads %j as %j', (text, expected) => {
  expect(readPartition(text)).toEqual(expected);
});

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

  it('by Dirichlet mixes less the smaller alpha is', () => {
    const largestShare = (alpha: number): number => {
      const dealt = deal(labels, 10, 100, { kind: 'dirichlet', alpha }, seededRng(3));
      const shares = dealt.map((indices) => {
        const counts = Array(10).fill(0);
        for (const index of indices) counts[labels[index] as number]++;
        return Math.max(...counts) / indices.length;
      });
      return shares.reduce((sum, share) => sum + share, 0) / shares.length;
    };
    expect(largestShare(100)).toBeLessThan(0.25);
    expect(largestShare(0.05)).toBeGreaterThan(0.5);
  });
});
