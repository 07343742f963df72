import { expect, test } from 'vitest';
import { paceOf } from './pace.ts';

/** Batches of `costMs` each on a device that works only when it is read: how many were queued before each read. */
function queues(costMs: number, batches: number): number[] {
  let nowMs = 0;
  let queue = 0;
  const lengths: number[] = [];
  const pace = paceOf(250, nowMs);
  for (let batch = 0; batch < batches; batch++) {
    queue++;
    if (!pace.queued(nowMs)) continue;
    nowMs += queue * costMs;
    pace.read(nowMs);
    lengths.push(queue);
    queue = 0;
  }
  return lengths;
}

test('the queue grows to what takes a quarter of a second, and at most fourfold each time', () => {
  expect(queues(2, 500)).toEqual([1, 4, 16, 64, 125, 125, 125]);
  expect(queues(50, 20)).toEqual([1, 4, 5, 5, 5]);
});

test('slow batches are waited for one by one', () => {
  expect(queues(900, 4)).toEqual([1, 1, 1, 1]);
});

test('a device that works at once is read a few times a second', () => {
  const pace = paceOf(250, 0);
  const reads: number[] = [];
  for (let nowMs = 1; nowMs <= 2_000; nowMs++) {
    if (!pace.queued(nowMs)) continue;
    pace.read(nowMs);
    reads.push(nowMs);
  }
  expect(reads.slice(0, 5)).toEqual([1, 5, 21, 85, 335]);
  expect(reads.length).toBeLessThan(15);
});

test('a queue never grows without bound', () => {
  expect(Math.max(...queues(0, 20_000))).toBe(1_000);
});
