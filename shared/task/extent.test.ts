import { expect, it } from 'vitest';
import { extentOf } from './extent.ts';
import { parseTaskSpec, taskFromTemplate } from './parse.ts';

const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 0]));

it('a task as there are is of usual extent, a list of thousands makes it long, and an object of hundreds of fields sprawl', () => {
  expect(extentOf({ template: 'digits', access: { allowedOrigins: Array(2_000).fill(0) } })).toBe('long');
  expect(extentOf({ template: 'digits', access: { allowedOrigins: Array(100).fill('https://a.example') } })).toBe(
    'usual',
  );
  expect(extentOf({ data: [[fields(501)]] })).toBe('sprawling');
  expect(extentOf({ data: [[fields(500)]] })).toBe('usual');
  expect([null, undefined, 1, 'x', [], {}].map(extentOf)).toEqual(Array(6).fill('usual'));
});

it('of a long task only the first problem is told, of another all', () => {
  const origins = (count: number) => taskFromTemplate('digits', { access: { allowedOrigins: Array(count).fill(0) } });
  const problems = (count: number) => {
    const result = origins(count);
    return result.ok ? [] : result.failure;
  };
  expect(problems(300_000)).toHaveLength(1);
  expect(problems(90)).toHaveLength(90);
});

it('one that sprawls is refused as it is, whole or over a template', () => {
  const refused = { ok: false, failure: [{ path: '', message: 'has more fields than a task has' }] };
  expect(parseTaskSpec({ rounds: fields(80_000) })).toEqual(refused);
  expect(taskFromTemplate('digits', { rounds: fields(80_000) })).toEqual(refused);
});
