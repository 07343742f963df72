import { expect, it } from 'vitest';
import { readOptions } from './every-call-command.ts';

it('the command takes a step, a seed, and where to begin', () => {
  expect(readOptions(['--seed', '4'])).toEqual({ step: 1, seed: 4, isFromNothing: false, fault: 'kill' });
  expect(readOptions(['--fault', 'EIO'])).toMatchObject({ fault: 'EIO' });
  expect(readOptions(['--fault', 'EPERM'])).toMatchObject({ problem: expect.any(String) });
  expect(readOptions(['--step', '3', '--seed', '4', '--from-nothing'])).toMatchObject({ step: 3, isFromNothing: true });
  expect(readOptions(['--step', '0'])).toEqual({ problem: '--step takes a whole number from 1' });
  expect(readOptions(['--seed', '-1'])).toMatchObject({ problem: expect.any(String) });
});
