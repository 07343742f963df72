import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

const read = (...args: string[]) => readOptions(args, () => 7);

test('defaults, and every option', () => {
  expect(read()).toEqual({ seed: 7, runs: 250, path: undefined, direction: 'all', isCost: false });
  expect(read('--full')).toMatchObject({ runs: 2_500 });
  expect(read('--runs', '3', '--seed', '5', '--direction', 'server', '--path', '1:0')).toEqual({
    seed: 5,
    runs: 3,
    path: '1:0',
    direction: 'server',
    isCost: false,
  });
  expect(read('--direction', 'admin')).toMatchObject({ direction: 'admin' });
  expect(read('--cost')).toMatchObject({ isCost: true });
  expect(read('--help')).toBe('help');
});

test.each([
  ['--runs', '0'],
  ['--runs', 'many'],
  ['--seed', 'x'],
  ['--direction', 'up'],
  ['--path', '1:0'],
  ['--seed', '1', '--path', '1:0'],
  ['--nonsense'],
])('%s %s is refused with a sentence', (...args) => {
  expect(read(...args)).toEqual({ problem: expect.any(String) });
});
