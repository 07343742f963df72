import { expect, it } from 'vitest';
import { isExcessive } from './json-extent.ts';

const fields = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 0])));

it('thousands of levels and tens of thousands of fields are too many, what stands in texts is not counted', () => {
  expect(isExcessive('['.repeat(2_501))).toBe(true);
  expect(isExcessive(`${'['.repeat(2_500)}${']'.repeat(2_500)}`)).toBe(false);
  expect(isExcessive(`[${'[],'.repeat(9_000)}[]]`)).toBe(false);
  expect(isExcessive(fields(20_001))).toBe(true);
  expect(isExcessive(fields(20_000))).toBe(false);
  expect(isExcessive(JSON.stringify({ a: '{":['.repeat(30_000), b: '\\"['.repeat(30_000) }))).toBe(false);
  for (const odd of ['', '"', '"\\', '{"a":"', ']'.repeat(9_000)]) expect(isExcessive(odd)).toBe(false);
});
