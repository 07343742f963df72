import { describe, expect, it } from 'vitest';
import { taskSpecSchema } from '../../shared/task/spec.ts';
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
      sizes: { kind: 'equal' },
      shift: 'none',
      set: {},
      inProcess: false,
      trainer: 'auto',
      threads: 0,
      overSelection: 1,
      deadlineSeconds: 86_400,
      speed: { kind: 'same' },
      late: 0,
      dropout: 0,
      leave: [],
      attack: null,
      malicious: 0,
      attackAfter: 0,
      seed: 1,
      backend: 'auto',
      model: null,
      until: null,
      json: null,
      csv: null,
      svg: null,
      sweep: null,
    });
  });

  it('gives a codec what it needs', () => {
    expect(read('--codec uniform-8-rotated')).toMatchObject({ range: 0.05, fraction: null });
    expect(read('--codec top-k')).toMatchObject({ range: null, fraction: 0.01 });
    expect(read('--codec eden-1')).toMatchObject({ range: null, fraction: null });
  });

  it('shifts what are pictures, and nothing else', () => {
    expect(read('--shift pictures')).toMatchObject({ shift: 'pictures' });
    expect(read('--shift pictures --task table')).toEqual({ problem: '--shift pictures takes a --task of pictures' });
    expect(read('--shift up')).toMatchObject({ problem: expect.stringMatching(/none, pictures$/) });
  });

  it('takes ratings a person at a time', () => {
    expect(read('--task movies')).toMatchObject({ partition: { kind: 'people' } });
  });

  it('takes every flag', () => {
    const flags =
      '--task seed-dense --clients 20 --cohort 5 --rounds 3 --examples 100 --partition dirichlet:0.5 --strategy fedsgd --codec uniform-8-rotated --range 0.1 --lr 0.05 --epochs 2 --batch 20 --dropout 0.25 --seed 7 --backend cpu --model mine --json out.json --csv out.csv --svg out.svg --sizes dirichlet:2 --shift pictures --set client.mu=0.1 --set client.local=["output"] --set model.zoo=cnn --in-process --trainer core --threads 2 --over-selection 1.3 --deadline 60 --speed pareto:1.5 --late 0.05 --leave uploading:0.1 --attack alie:1.5 --malicious 0.3 --attack-after 4 --until 0.97';
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
      sizes: { kind: 'dirichlet', alpha: 2 },
      shift: 'pictures',
      set: { client: { mu: 0.1, local: ['output'] }, model: { zoo: 'cnn' } },
      inProcess: true,
      trainer: 'core',
      threads: 2,
      overSelection: 1.3,
      deadlineSeconds: 60,
      speed: { kind: 'pareto', alpha: 1.5 },
      late: 0.05,
      dropout: 0.25,
      leave: [{ state: 'uploading', probability: 0.1 }],
      attack: { name: 'alie', strength: 1.5 },
      malicious: 0.3,
      attackAfter: 4,
      seed: 7,
      backend: 'cpu',
      model: 'mine',
      until: 0.97,
      json: 'out.json',
      csv: 'out.csv',
      svg: 'out.svg',
      sweep: null,
    });
    for (const [flag] of flags.matchAll(/--[a-z-]+/g)) expect(HELP).toContain(`  ${flag} `);
  });

  it('sweeps over rates, and takes every strategy of the tasks', () => {
    expect(read('sweep --lr 0.05,0.1,0.2 --rounds 3')).toMatchObject({
      ...{ sweep: [0.05, 0.1, 0.2], learningRate: null, rounds: 3 },
    });
    for (const name of taskSpecSchema.entries.strategy.entries.name.options)
      expect(read(`--strategy ${name}`)).toMatchObject({ strategy: name });
    expect(read('--attack sign-flip')).toMatchObject({ malicious: 0.2 });
  });

  it.each([
    ['sweep --lr 0.1', 'two rates or more'],
    ['sweep --lr 0.1,fast', 'two rates or more'],
    ['--lr 0.1,0.2', '--lr takes a number'],
    ['--speed lognormal:1', 'they take --in-process'],
    ['--speed fast', '--speed takes'],
    ['--late 0.5', 'they take --in-process'],
    ['--leave nowhere:0.5', '--leave takes'],
    ['--attack backdoor', '--attack takes sign-flip'],
    ['--attack ipm', 'it takes --in-process'],
    ['--malicious 0.5', '--malicious takes --attack'],
    ['--attack-after 5', '--attack-after takes --attack'],
    ['--attack label-flip --attack-after 5', 'which is in the examples'],
    ['--sizes dirichlet:1 --partition labels:2', '--sizes can be chosen'],
    ['--sizes some', '--sizes takes'],
    ['--set client.mu', '--set takes PATH=VALUE'],
    ['--set __proto__.x=1', '--set takes PATH=VALUE'],
    ['--set client=1 --set client.mu=2', 'client has a value already'],
    ['--task unknown', '--task takes one of digits'],
    ['--strategy fedmagic', '--strategy fedmagic is not supported by this version: it takes fedavg, fedsgd'],
    ['--codec zip', '--codec zip is not supported by this version: it takes float32, float16, top-k'],
    ['--codec float32 --range 1', '--range goes with a uniform --codec'],
    ['--codec eden-1 --fraction 0.1', '--fraction goes with --codec top-k or random-k'],
    ['--codec uniform-8 --range 0', '--range takes a number from'],
    ['--partition halves', '--partition takes iid, people, shards:N'],
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
