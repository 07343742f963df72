import { expect, it } from 'vitest';
import { readOptions } from './command.ts';

it('takes rounds and a seed', () => {
  expect(readOptions(['--rounds', '40', '--seed', '7'])).toEqual({ rounds: 40, seed: 7 });
  expect(readOptions([])).toMatchObject({ rounds: 200_000 });
  expect(readOptions(['--help'])).toBe('help');
  expect(readOptions(['--rounds', '0'])).toEqual({ problem: '--rounds takes a whole number from 1' });
  expect(readOptions(['--seed', 'x'])).toEqual({ problem: '--seed takes a whole number' });
  expect(readOptions(['--worlds', '1'])).toMatchObject({ problem: expect.stringContaining('--worlds') });
});
