import { expect, test } from 'vitest';
import type { Sha256 } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { CheckpointRow } from '../storage/port.ts';
import { StepChain } from './step-chain.ts';

const sha = (number: number): Sha256 => number.toString(16).padStart(64, '0') as Sha256;
const stepTo = (version: number, bytes = 100) => ({ sha256: sha(1_000 + version), bytes });
const row = (version: number, more: Partial<CheckpointRow> = {}): CheckpointRow => ({
  ...{ version, sha256: sha(version), bytes: 400, optimizerSha256: null, step: version === 0 ? null : stepTo(version) },
  ...{ origin: 'round', round: version, copyOf: null, createdAt: 1, metrics: null, kept: true },
  ...more,
});
const base = (version: number, bytes = 400) => ({ sha256: sha(version), bytes });
const told = (chain: StepChain, held: number | null, version: number, bytes = 400) =>
  chain.between(held === null ? null : sha(held), base(version, bytes)).map(({ from, sha256 }) => [from, sha256]);
const link = (version: number) => [sha(version - 1), sha(1_000 + version)];

test('leads from every version that still has its step to the newest, and to one before it', () => {
  const chain = new StepChain([0, 1, 2, 3].map((version) => row(version)));
  expect(told(chain, 2, 3)).toEqual([link(3)]);
  expect(told(chain, 0, 3)).toEqual([link(1), link(2), link(3)]);
  expect(told(chain, 0, 2)).toEqual([link(1), link(2)]);
});

test('leads from nothing, from itself, from later ones and from strangers nowhere', () => {
  const chain = new StepChain([0, 1, 2, 3].map((version) => row(version)));
  for (const [held, version] of [
    [null, 3],
    [3, 3],
    [3, 2],
    [77, 3],
    [1, 77],
  ] as const)
    expect(told(chain, held, version)).toEqual([]);
});

test('is left out where it is no shorter than the weights', () => {
  const chain = new StepChain([0, 1, 2, 3].map((version) => row(version)));
  expect(told(chain, 0, 3, 300)).toEqual([]);
  expect(told(chain, 0, 3, 301)).toHaveLength(3);
});

test('ends at a version without a step, at a rollback for instance, and at one whose weights are gone', () => {
  const broken = [row(0), row(1), row(2, { step: null }), row(3)];
  expect(told(new StepChain(broken), 2, 3)).toEqual([link(3)]);
  expect(told(new StepChain(broken), 1, 3)).toEqual([]);
  expect(told(new StepChain([row(0), row(1, { kept: false }), row(2)]), 0, 2)).toEqual([]);
});

test('goes on with every version, and forgets what retention takes', () => {
  const chain = new StepChain([row(0)]);
  const last = LIMITS.checkpointsKeptCount + 5;
  for (let version = 1; version <= last; version++) chain.add(sha(version - 1), sha(version), stepTo(version, 1));
  expect(told(chain, last - 1, last)).toEqual([link(last)]);
  expect(told(chain, last - LIMITS.checkpointsKeptCount + 1, last)).toHaveLength(LIMITS.checkpointsKeptCount - 1);
  expect(told(chain, last - LIMITS.checkpointsKeptCount, last)).toEqual([]);
});

test('weights that came a second time lead on from the later time', () => {
  const chain = new StepChain([row(0), row(1), row(2, { sha256: sha(0) }), row(3)]);
  const again = chain.between(sha(0), base(3));
  expect(again.map(({ from }) => from)).toEqual([sha(0)]);
});
