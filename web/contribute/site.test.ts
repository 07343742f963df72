import { expect, it } from 'vitest';
import { backendOf, joinTokenOf, taskOfPath } from './site.tsx';

it.each([
  ['/', null],
  ['/contribute/digits', 'digits'],
  ['/contribute/digits/', 'digits'],
  ['/contribute/DIGITS', 'unknown'],
  ['/contribute/', 'unknown'],
  ['/contribute/a/b', null],
])('%s is the page of %s', (path, task) => expect(taskOfPath(path)).toBe(task));

it.each([
  ['', 'auto'],
  ['?backend=wasm', 'wasm'],
  ['?backend=quantum', 'auto'],
])('%s asks for %s', (search, backend) => expect(backendOf(search)).toBe(backend));

it('takes the join token from the fragment first', () => {
  expect(joinTokenOf({ hash: '#join=abc', search: '?join=def' })).toBe('abc');
  expect(joinTokenOf({ hash: '', search: '?join=def' })).toBe('def');
  expect(joinTokenOf({ hash: '#x', search: '' })).toBeNull();
});
