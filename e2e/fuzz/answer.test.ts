import { expect, test } from 'vitest';
import { type Answer, wrongIn } from './answer.ts';

const refusal = { error: { code: 'invalid', message: 'no', problems: [{ path: 'a', message: 'b' }] } };
const of = (status: number, body: unknown, more: Partial<Answer> = {}): Answer => ({
  ...{ status, type: 'application/json; charset=utf-8', text: JSON.stringify(body), isHead: false },
  ...more,
});

test.each([
  ['a right answer', of(200, {}), true],
  ['a refusal', of(422, refusal), true],
  ['a refusal without problems', of(404, { error: { code: 'not-found', message: 'no' } }), false],
  ['a refusal without a body', of(404, undefined, { isHead: true, type: '' }), false],
] as const)('%s is fine', (_name, answer, mayPass) => {
  expect(wrongIn(answer, mayPass)).toBe(null);
});

test.each([
  ['a fault of the server', of(500, refusal), true],
  ['a server that goes', of(503, refusal), true],
  ['what was not to be given', of(200, {}), false],
  ['a refusal in plain words', of(400, 'no', { type: 'text/plain' }), true],
  ['a refusal without a code', of(400, { error: { message: 'no' } }), true],
  ['a refusal that says more', of(400, { error: { ...refusal.error, stack: 'x' } }), true],
  ['a refusal that is no JSON', of(400, '', { text: '{' }), true],
  ['problems without a path', of(422, { error: { ...refusal.error, problems: [{ message: 'b' }] } }), true],
] as const)('%s is wrong', (_name, answer, mayPass) => {
  expect(wrongIn(answer, mayPass)).toEqual(expect.any(String));
});
