import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchesOf, inOrder, shuffled } from './batches.ts';
import { partOf } from './examples.ts';
import { examples, noise } from './fixtures/tiny.ts';

const three = examples([2], 3, [
  [[255, 0], 2],
  [[51, 102], 0],
  [[0, 204], 1],
]);

describe('batches', () => {
  test('hold values of 0 … 1, one-hot labels, and weights whose sum is one', () => {
    const [first, second] = [...batchesOf(three, inOrder(3), 2)];
    expect(first).toEqual({
      rows: 2,
      count: 2,
      inputs: Float32Array.of(1, 0, 0.2, 0.4),
      targets: Float32Array.of(0, 0, 1, 1, 0, 0),
      weights: Float32Array.of(0.5, 0.5),
    });
    expect(second).toEqual({
      rows: 2,
      count: 1,
      inputs: Float32Array.of(0, 0.8, 0, 0),
      targets: Float32Array.of(0, 1, 0, 0, 0, 0),
      weights: Float32Array.of(1, 0),
    });
  });

  test('of more rows than there are examples are one batch with padding', () => {
    const batches = [...batchesOf(three, inOrder(3), 8)];
    expect(batches.map(({ rows, count }) => [rows, count])).toEqual([[8, 3]]);
    expect(batches[0]?.inputs.length).toBe(16);
  });

  test('cover every example exactly once, wherever the parts are cut', () => {
    const count = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(count, count, count, (total, partSize, rows) => {
        const cut = noise([1], 256, total, partSize);
        const seen = [...batchesOf(cut, shuffled(total, 1, 0), rows)].flatMap((batch) =>
          Array.from({ length: batch.count }, (_, row) => batch.targets.indexOf(1, row * 256) - row * 256),
        );
        const labels = cut.parts.flatMap((part) => [...part.targets]);
        expect(seen.sort()).toEqual(labels.sort());
      }),
    );
  });

  test('a part is found for every index, and none beyond', () => {
    const cut = noise([1], 4, 7, 3);
    expect(Array.from({ length: 7 }, (_, index) => partOf(cut, index).at)).toEqual([0, 1, 2, 0, 1, 2, 0]);
    expect(() => partOf(cut, 7)).toThrow('no such example');
  });
});

describe('the order of an epoch', () => {
  test('is the same for the same seed and epoch, and another for any other', () => {
    expect(shuffled(8, 1, 0)).toEqual(shuffled(8, 1, 0));
    expect(shuffled(8, 1, 0)).not.toEqual(shuffled(8, 1, 1));
    expect(shuffled(8, 1, 0)).not.toEqual(shuffled(8, 2, 0));
    expect([...shuffled(8, 1, 0)].sort()).toEqual([...inOrder(8)]);
  });
});
