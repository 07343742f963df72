import { expect, it } from 'vitest';
import { isExcessive } from './json-extent.ts';

const fields = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 0])));
const levels = (count: number) => `${'['.repeat(count)}${']'.repeat(count)}`;
const values = (count: number) => JSON.stringify(Array(count).fill(0));

it('a hundred levels, ten thousand fields, sixty thousand values, and nothing above', () => {
  expect([levels(100), fields(10_000), values(60_001)].map(isExcessive)).toEqual([false, false, false]);
  expect([levels(101), fields(10_001), values(60_002)].map(isExcessive)).toEqual([true, true, true]);
});

it('levels beside each other are not levels in each other, and what stands in texts is not counted', () => {
  expect(isExcessive(`[${'[],'.repeat(9_000)}[]]`)).toBe(false);
  expect(isExcessive(JSON.stringify({ a: '{":,['.repeat(70_000), b: '\\"[,'.repeat(70_000) }))).toBe(false);
});

it('what is no JSON is left to who parses it', () => {
  for (const odd of ['', '"', '"\\', '{"a":"', ']'.repeat(9_000)]) expect(isExcessive(odd)).toBe(false);
  expect(isExcessive('{"model":['.repeat(90_000))).toBe(true);
});
