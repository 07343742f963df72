import { expect, it } from 'vitest';
import { timeBoxOf } from './time-box.ts';

it('begins with the first read, and is over when the time is up', () => {
  let ms = 5_000;
  const box = timeBoxOf(2, () => ms);
  ms = 99_000;
  expect(box.isOver()).toBe(false);
  box.read();
  ms = 100_999;
  box.read();
  expect(box.isOver()).toBe(false);
  ms = 101_000;
  expect(box.isOver()).toBe(true);
});

it('expects what fits at the pace so far, and no more than there is', () => {
  let ms = 0;
  const box = timeBoxOf(10, () => ms);
  box.read();
  expect(box.expected(1, 500)).toBe(500);
  ms = 2_500;
  expect([box.expected(20, 500), box.expected(20, 50)]).toEqual([80, 50]);
  ms = 11_000;
  expect(box.expected(90, 500)).toBe(90);
});

it('without a limit nothing is over', () => {
  let ms = 0;
  const box = timeBoxOf(undefined, () => ms);
  box.read();
  ms = 1e12;
  expect([box.isOver(), box.expected(3, 12)]).toEqual([false, 12]);
});
