import { describe, expect, it } from 'vitest';
import { readOptions } from './options.ts';

describe('the demo’s options', () => {
  it('defaults to three tabs, ten rounds of digits and 600 examples each', () => {
    expect(readOptions([])).toEqual({
      tabs: 3,
      rounds: 10,
      task: 'digits',
      backend: 'auto',
      examples: 600,
      keepReports: null,
      exit: false,
      json: null,
    });
  });

  it('takes every option of the contract', () => {
    const args =
      '--tabs 2 --rounds 4 --task seed-dense --backend webgl --examples 50 --keep-reports kept --exit --json out.json';
    expect(readOptions(args.split(' '))).toEqual({
      tabs: 2,
      rounds: 4,
      task: 'seed-dense',
      backend: 'webgl',
      examples: 50,
      keepReports: 'kept',
      exit: true,
      json: 'out.json',
    });
  });

  it.each([
    '--tabs 0',
    '--tabs two',
    '--rounds -1',
    '--task nothing',
    '--backend gpu',
    '--examples 1.5',
    '--unknown',
    'word',
  ])('says what is wrong with %s', (args) => expect(readOptions(args.split(' '))).toHaveProperty('problem'));

  it('shows the help', () => expect(readOptions(['--help'])).toBe('help'));
});
