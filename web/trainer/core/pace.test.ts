import { expect, test } from 'vitest';
import { paceOf } from './pace.ts';

/** Batches of `costMs` each on a device that works only when it is read: how many were queued before each read. */
function queues(costMs: number, batches: number): number[] {
  let nowMs = 0;
  let queue = 0;
  const lengths: number[] = [];
  const pace = paceOf(() => 250, nowMs);
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
  const pace = paceOf(() => 250, 0);
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

test('a rest is not taken for work', () => {
  const pace = paceOf(() => 100, 0);
  pace.queued(0);
  pace.read(20);
  expect(pace.workMs()).toBe(20);
  pace.rested(1_000);
  // Five times twenty are a hundred, but at most four times as many as last time.
  expect([1, 2, 3, 4].map(() => pace.queued(1_000))).toEqual([false, false, false, true]);
  pace.read(1_080);
  expect(pace.workMs()).toBe(80);
});
