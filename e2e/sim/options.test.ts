import { describe, expect, it } from 'vitest';
import { HELP, readOptions } from './options.ts';

const read = (text: string) => readOptions(text === '' ? [] : text.split(' '));

describe('npm run simulate', () => {
  it('has defaults that leave the task as it is', () => {
    expect(read('')).toEqual({
      task: 'digits',
      clients: 10,
      cohort: 10,
      rounds: 10,
      examples: 600,
      partition: { kind: 'iid' },
      strategy: null,
      codec: null,
      range: null,
      fraction: null,
      learningRate: null,
      epochs: null,
      batchSize: null,
      dropout: 0,
      seed: 1,
      backend: 'auto',
      model: null,
      json: null,
    });
  });

  it('gives a codec what it needs', () => {
    expect(read('--codec uniform-8-rotated')).toMatchObject({ range: 0.05, fraction: null });
    expect(read('--codec top-k')).toMatchObject({ range: null, fraction: 0.01 });
    expect(read('--codec eden-1')).toMatchObject({ range: null, fraction: null });
  });

  it('takes ratings a person at a time', () => {
    expect(read('--task movies')).toMatchObject({ partition: { kind: 'people' } });
  });

  it('takes every flag', () => {
    const flags =
      '--task seed-dense --clients 20 --cohort 5 --rounds 3 --examples 100 --partition dirichlet:0.5 --strategy fedsgd --codec uniform-8-rotated --range 0.1 --lr 0.05 --epochs 2 --batch 20 --dropout 0.25 --seed 7 --backend cpu --model mine --json out.json';
    expect(read(flags)).toEqual({
      task: 'seed-dense',
      clients: 20,
      cohort: 5,
      rounds: 3,
      examples: 100,
      partition: { kind: 'dirichlet', alpha: 0.5 },
      strategy: 'fedsgd',
      codec: 'uniform-8-rotated',
      range: 0.1,
      fraction: null,
      learningRate: 0.05,
      epochs: 2,
      batchSize: 20,
      dropout: 0.25,
      seed: 7,
      backend: 'cpu',
      model: 'mine',
      json: 'out.json',
    });
    for (const [flag] of flags.matchAll(/--[a-z]+/g)) expect(HELP).toContain(`  ${flag} `);
  });

  it.each([
    ['--task unknown', '--task takes one of digits'],
    ['--strategy fedadam', '--strategy fedadam is not supported by this version: it takes fedavg, fedsgd'],
    ['--codec eden', '--codec eden is not supported by this version: it takes float32, float16, top-k'],
    ['--codec float32 --range 1', '--range goes with a uniform --codec'],
    ['--codec eden-1 --fraction 0.1', '--fraction goes with --codec top-k or random-k'],
    ['--codec uniform-8 --range 0', '--range takes a number from'],
    ['--partition halves', '--partition takes iid, people, shards:N or dirichlet:ALPHA'],
    ['--partition shards:9 --examples 5', 'more shards than'],
    ['--task movies --partition iid', '--task movies takes --partition people alone'],
    ['--clients 0', '--clients takes a number from 1 to 10000'],
    ['--clients 2.5', '--clients takes a whole number'],
    ['--clients 3 --cohort 4', '--cohort cannot be more than --clients'],
    ['--dropout 1.5', '--dropout takes a number from 0 to 1'],
    ['--lr nothing', '--lr takes a number'],
    ['--lr=', '--lr takes a number'],
    ['--seed -1', ''],
    ['--tabs 3', "Unknown option '--tabs'"],
    ['three', 'Unexpected argument'],
  ])('refuses %s', (flags, problem) => {
    expect(read(flags)).toEqual({ problem: expect.stringContaining(problem) });
  });

  it('has a help', () => expect(read('--help')).toBe('help'));
});
