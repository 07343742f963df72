import { assert } from '../../shared/assert.ts';
import { LIMITS } from '../../shared/limits.ts';
import { bytesForm, type ExampleColumns } from '../../shared/task/kinds/form.ts';
import type { Dataset } from './dataset.ts';
import { shardCapacity } from './shard.ts';

/**
 * What every dataset does, wherever it is kept: run in Node on the one in memory, in Chromium on the one in IndexedDB.
 * Each rule gets an empty dataset of `CONTRACT_FORM`.
 */
export const CONTRACT_FORM = bytesForm([4, 4, 1], 3);

const EXAMPLE_BYTES = 16;

/** Example number i: all its values are i modulo 256, its label i modulo 3. */
export const numbered = (first: number, count: number): ExampleColumns => ({
  features: Uint8Array.from({ length: count * EXAMPLE_BYTES }, (_, at) => first + Math.floor(at / EXAMPLE_BYTES)),
  targets: Uint16Array.from({ length: count }, (_, row) => (first + row) % 3),
});

type Answered = { readonly ok: boolean };
function good<Answer extends Answered>(answer: Answer): Extract<Answer, { ok: true }> {
  assert(answer.ok, `refused: ${JSON.stringify(answer)}`);
  return answer as Extract<Answer, { ok: true }>;
}
function equal(actual: unknown, expected: unknown): void {
  assert(
    JSON.stringify(actual) === JSON.stringify(expected),
    `${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`,
  );
}
const refusedAs = (answer: Answered, reason: string): void => {
  assert(!answer.ok && 'reason' in answer && answer.reason === reason, `${JSON.stringify(answer)} is not ${reason}`);
};

export const DATASET_CONTRACT: Readonly<Record<string, (dataset: Dataset) => Promise<void>>> = {
  async 'is empty at first'(dataset) {
    equal(await dataset.summary(), { ok: true, count: 0, bytes: 0, perLabel: [0, 0, 0], revision: 0 });
    equal(good(await dataset.page(0, 10)).examples, []);
    equal(good(await dataset.read()).parts, []);
    equal(good(await dataset.repair()).dropped, 0);
  },

  async 'counts what is added, by label'(dataset) {
    good(await dataset.add(numbered(0, 4)));
    const { count, perLabel, bytes, revision } = good(await dataset.add(numbered(4, 1)));
    equal([count, perLabel, bytes, revision], [5, [2, 2, 1], 5 * (EXAMPLE_BYTES + 6), 2]);
    equal(good(await dataset.summary()).perLabel, [2, 2, 1]);
  },

  async 'gives back what was added, in order'(dataset) {
    good(await dataset.add(numbered(0, 3)));
    good(await dataset.add(numbered(3, 2)));
    const { parts, revision } = good(await dataset.read());
    equal(revision, 2);
    equal(
      parts.flatMap(({ targets }) => [...targets]),
      [0, 1, 2, 0, 1],
    );
    equal(
      parts.flatMap(({ features }) => [...features]),
      [...numbered(0, 5).features],
    );
  },

  async 'fills its shards to a megabyte, across calls'(dataset) {
    const capacity = shardCapacity(CONTRACT_FORM);
    good(await dataset.add(numbered(0, 10)));
    good(await dataset.add(numbered(10, 2 * capacity)));
    const { parts } = good(await dataset.read());
    equal(
      parts.map(({ targets }) => targets.length),
      [capacity, capacity, 10],
    );
    assert(
      parts.every(({ features }) => features.length <= LIMITS.datasetShardBytes),
      'no shard is too large',
    );
    equal(parts[1]?.features[0], capacity % 256);
    equal([...(parts[2]?.features.subarray(-EXAMPLE_BYTES) ?? [])], [...numbered(2 * capacity + 9, 1).features]);
  },

  async 'shows the newest first, page by page, across shards'(dataset) {
    const capacity = shardCapacity(CONTRACT_FORM);
    good(await dataset.add(numbered(0, capacity + 3)));
    const first = good(await dataset.page(0, 2)).examples;
    equal(
      first.map(({ features }) => features[0]),
      [(capacity + 2) % 256, (capacity + 1) % 256],
    );
    const second = good(await dataset.page(2, 2)).examples;
    equal(
      second.map(({ features }) => features[0]),
      [capacity % 256, (capacity - 1) % 256],
    );
    equal(
      good(await dataset.page(capacity + 2, 5)).examples.map(({ target }) => target),
      [0],
    );
    equal(good(await dataset.page(capacity + 3, 5)).examples, []);
  },

  async 'deletes one example and keeps the ids of the others'(dataset) {
    good(await dataset.add(numbered(0, 4)));
    const before = good(await dataset.page(0, 4)).examples;
    const second = before[2];
    assert(second !== undefined, 'four examples');
    const { count, perLabel } = good(await dataset.remove(second.id));
    equal([count, perLabel], [3, [2, 0, 1]]);
    const left = good(await dataset.page(0, 4)).examples;
    equal(
      left.map(({ id }) => id),
      before.filter(({ id }) => id !== second.id).map(({ id }) => id),
    );
    equal(
      left.map(({ features }) => features[0]),
      [3, 2, 0],
    );
  },

  async 'deletes the last example of a shard, and one that is gone already'(dataset) {
    good(await dataset.add(numbered(0, 1)));
    const only = good(await dataset.page(0, 1)).examples[0];
    equal(good(await dataset.remove(only?.id ?? -1)).count, 0);
    const { count, revision } = good(await dataset.remove(only?.id ?? -1));
    equal([count, revision], [0, 2]);
    equal(good(await dataset.add(numbered(5, 1))).count, 1);
  },

  async 'never uses an id twice'(dataset) {
    good(await dataset.add(numbered(0, 2)));
    const ids = good(await dataset.page(0, 2)).examples.map(({ id }) => id);
    good(await dataset.remove(ids[0] ?? -1));
    good(await dataset.add(numbered(7, 1)));
    const newest = good(await dataset.page(0, 1)).examples[0];
    assert(newest !== undefined && !ids.includes(newest.id), 'a new example has a new id');
  },

  async 'refuses what does not belong to the task, and keeps what it has'(dataset) {
    good(await dataset.add(numbered(0, 2)));
    refusedAs(await dataset.add({ features: new Uint8Array(0), targets: new Uint16Array(0) }), 'bad-examples');
    refusedAs(await dataset.add({ features: new Uint8Array(15), targets: Uint16Array.of(0) }), 'bad-examples');
    refusedAs(await dataset.add({ features: new Uint8Array(16), targets: Uint16Array.of(3) }), 'bad-examples');
    equal(good(await dataset.summary()).count, 2);
  },

  async 'refuses more than a dataset may hold, all of it'(dataset) {
    good(await dataset.add(numbered(0, LIMITS.examplesPerDatasetCount - 1)));
    refusedAs(await dataset.add(numbered(0, 2)), 'full');
    equal(good(await dataset.summary()).count, LIMITS.examplesPerDatasetCount - 1);
    equal(good(await dataset.add(numbered(0, 1))).count, LIMITS.examplesPerDatasetCount);
  },

  async 'loses nothing when two add at once'(dataset) {
    await Promise.all([dataset.add(numbered(0, 3)), dataset.add(numbered(3, 4)), dataset.add(numbered(7, 2))]);
    const { count, revision } = good(await dataset.summary());
    equal([count, revision], [9, 3]);
    const values = good(await dataset.page(0, 9)).examples.map(({ features }) => features[0] ?? -1);
    equal(
      values.sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 8],
    );
  },

  async 'is empty again once it is cleared, and can be filled again'(dataset) {
    good(await dataset.add(numbered(0, 3)));
    good(await dataset.clear());
    equal(good(await dataset.summary()).count, 0);
    equal(good(await dataset.add(numbered(1, 1))).count, 1);
  },
};
