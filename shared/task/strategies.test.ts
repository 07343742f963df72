import { describe, expect, it } from 'vitest';
import { mergeOverrides, parseTaskSpec } from './parse.ts';
import type { TaskSpec } from './spec.ts';
import { AGGREGATORS, SERVER_OPTIMIZERS, STRATEGY_NAMES, type StrategyName, strategyOverrides } from './strategies.ts';
import { TEMPLATES } from './templates/index.ts';

/** Enough reports for every aggregator. */
const digits = { ...TEMPLATES.digits, rounds: { ...TEMPLATES.digits.rounds, goal: 7, minimum: 5 } };

function withStrategy(task: TaskSpec, name: StrategyName, more: unknown = {}): TaskSpec {
  const parsed = parseTaskSpec(mergeOverrides(mergeOverrides(task, strategyOverrides(name, task)), more));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.failure));
  return parsed.value;
}
const problemsOf = (overrides: unknown): string[] => {
  const parsed = parseTaskSpec(mergeOverrides(digits, overrides));
  return parsed.ok ? [] : parsed.failure.map(({ path }) => path);
};

describe('the overrides of a strategy', () => {
  /** Ratings are learnt by a work of their own, which these do not have. */
  const OWN_WORK: readonly StrategyName[] = ['fedprox', 'fednova', 'scaffold'];
  const tasks = Object.values(TEMPLATES).flatMap((task) =>
    STRATEGY_NAMES.filter((name) => task.client.work !== 'reconstruct' || !OWN_WORK.includes(name)).map(
      (name) => [task.id, name, task] as const,
    ),
  );
  it.each(OWN_WORK)('are refused for ratings: %s', (name) => {
    expect(() => withStrategy(TEMPLATES.movies, name)).toThrow('client.work');
  });
  it.each(tasks)('make a valid task of %s: %s', (_, name, task) => {
    const five = { ...task, rounds: { ...task.rounds, goal: 5, minimum: 5 } } as TaskSpec;
    expect(withStrategy(five, name).strategy.name).toBe(name);
  });

  it.each(['scaffold', 'fednova', 'fedbuff'] as const)('of %s take momentum of reports out', (name) => {
    const task = { ...digits, client: { ...digits.client, reportMomentum: 0.9 } } as TaskSpec;
    expect(withStrategy(task, name).client).not.toHaveProperty('reportMomentum');
  });

  it.each([
    ['fedavg', { weighting: 'numExamples', serverOptimizer: { name: 'sgd', learningRate: 1 } }],
    ['fedsgd', { weighting: 'uniform', serverOptimizer: { name: 'sgd', learningRate: 1 } }],
    ['fedavgm', { serverOptimizer: { name: 'momentum', learningRate: 0.1, beta: 0.9, nesterov: false } }],
    ['fedadagrad', { serverOptimizer: { name: 'adagrad', learningRate: 0.1, tau: 0.001 } }],
    [
      'fedadam',
      {
        serverOptimizer: {
          ...{ name: 'adam', learningRate: 0.1, beta1: 0.9, beta2: 0.99, tau: 0.001, biasCorrection: false },
        },
      },
    ],
    ['fedyogi', { serverOptimizer: { name: 'yogi', learningRate: 0.01, beta2: 0.99 } }],
    ['robust', { weighting: 'uniform', aggregator: { name: 'geometric-median', passes: 10 } }],
  ] as const)('are those of the papers: %s', (name, strategy) => {
    expect(withStrategy(digits, name).strategy).toMatchObject(strategy);
  });

  it('change the plan of the clients where the strategy asks, and bring it back', () => {
    const steps = { ...digits, client: { ...digits.client, maxSteps: 4 } } as TaskSpec;
    const fedsgd = withStrategy(steps, 'fedsgd');
    expect(fedsgd.client).toMatchObject({ work: 'full-batch', epochs: 1 });
    expect(fedsgd.client).not.toHaveProperty('maxSteps');
    expect(withStrategy(fedsgd, 'fedavg').client.work).toBe('sgd');
    expect(withStrategy(digits, 'fedyogi').client.learningRate).toBe(0.0316);
  });

  it('leave ratings their work, and a server optimizer that fits its settings', () => {
    expect(withStrategy(TEMPLATES.movies, 'fedavg')).toEqual(TEMPLATES.movies);
    expect(withStrategy(withStrategy(digits, 'fedadam'), 'robust').strategy).toMatchObject({
      aggregator: { name: 'geometric-median' },
      serverOptimizer: { name: 'adam' },
    });
    const krum = withStrategy(digits, 'robust', { strategy: { aggregator: { name: 'krum', malicious: 1 } } });
    expect(withStrategy(krum, 'robust').strategy.aggregator).toEqual({ name: 'krum', malicious: 1 });
    expect(withStrategy(krum, 'fedavg').strategy).not.toHaveProperty('aggregator');
  });
});

describe('other fields come with another name', () => {
  const named = (serverOptimizer: object): unknown =>
    mergeOverrides(digits, { strategy: { name: 'fedadam', serverOptimizer } });

  it('an optimizer of another name is taken whole, with the defaults of its own', () => {
    const parsed = parseTaskSpec(named({ name: 'adam' }));
    expect(parsed.ok && parsed.value.strategy.serverOptimizer).toEqual(SERVER_OPTIMIZERS.adam);
  });

  it('one of the same name keeps what is not overridden', () => {
    const adam = withStrategy(digits, 'fedadam');
    expect(
      withStrategy(adam, 'fedadam', { strategy: { serverOptimizer: { name: 'adam', tau: 0.1 } } }).strategy,
    ).toMatchObject({ serverOptimizer: { ...SERVER_OPTIMIZERS.adam, tau: 0.1 } });
  });

  it('settings of another are problems', () => {
    expect(problemsOf({ strategy: { serverOptimizer: { name: 'sgd', learningRate: 1, beta: 0.9 } } })).toEqual([
      'strategy.serverOptimizer.beta',
    ]);
    expect(problemsOf({ strategy: { serverOptimizer: { name: 'lion' } } })).toEqual(['strategy.serverOptimizer.name']);
  });
});

const robust = (aggregator: object, rounds: object = {}) => ({
  strategy: { name: 'robust', weighting: 'uniform', aggregator },
  rounds,
});

describe('the table of strategies', () => {
  it.each([
    ['strategy.serverOptimizer.name', { strategy: { name: 'fedavg', serverOptimizer: SERVER_OPTIMIZERS.adam } }],
    ['strategy.serverOptimizer.name', { strategy: { name: 'fedadam' } }],
    ['strategy.serverOptimizer.name', { strategy: { name: 'fedyogi', serverOptimizer: SERVER_OPTIMIZERS.adam } }],
    ['strategy.aggregator', { strategy: { aggregator: AGGREGATORS.median } }],
    ['strategy.aggregator.name', { strategy: { name: 'robust', weighting: 'uniform' } }],
    ['strategy.aggregator.name', robust({ name: 'mean' })],
    ['strategy.weighting', { strategy: { name: 'robust', aggregator: AGGREGATORS.median } }],
  ])('refuses at %s what does not go together', (path, overrides) => {
    expect(problemsOf(overrides)).toEqual([path]);
  });

  it('takes the mean by its name, and a robust rule with any server optimizer', () => {
    expect(problemsOf({ strategy: { aggregator: { name: 'mean' } } })).toEqual([]);
    for (const serverOptimizer of Object.values(SERVER_OPTIMIZERS))
      expect(problemsOf({ strategy: { ...robust(AGGREGATORS.krum).strategy, serverOptimizer } })).toEqual([]);
  });
});

describe('the limits of robust rules', () => {
  it('fields that may be left out of a rule have the same defaults in a spec as in the table', () => {
    const asked = [
      { name: 'geometric-median' },
      { name: 'centered-clipping', radius: AGGREGATORS['centered-clipping'].radius },
    ];
    for (const aggregator of asked) {
      const parsed = parseTaskSpec(
        mergeOverrides(structuredClone(TEMPLATES.digits), robust(aggregator, { goal: 7, minimum: 5 })),
      );
      expect(parsed.ok && parsed.value.strategy.aggregator).toEqual(AGGREGATORS[aggregator.name as 'geometric-median']);
    }
  });

  it.each([
    ['rounds.minimum', AGGREGATORS.krum, { minimum: 4 }, { minimum: 5 }],
    ['rounds.minimum', { name: 'krum', malicious: 3 }, { goal: 20, minimum: 8 }, { goal: 20, minimum: 9 }],
    ['strategy.aggregator.keep', { ...AGGREGATORS['multi-krum'], keep: 3 }, { minimum: 5 }, { minimum: 6 }],
    ['strategy.aggregator.share', { name: 'trimmed-mean', share: 0.3 }, { minimum: 3 }, { minimum: 4 }],
    ['rounds.minimum', AGGREGATORS.median, { minimum: 2 }, { minimum: 3 }],
    ['rounds.minimum', AGGREGATORS['geometric-median'], { minimum: 2 }, { minimum: 3 }],
    ['rounds.minimum', AGGREGATORS['centered-clipping'], { minimum: 2 }, { minimum: 3 }],
    ['rounds.goal', AGGREGATORS.median, { goal: 1_001 }, { goal: 1_000 }],
  ])('at %s: %o with %o and not with %o', (path, aggregator, refused, taken) => {
    expect(problemsOf(robust(aggregator, refused))).toEqual([path]);
    expect(problemsOf(robust(aggregator, taken))).toEqual([]);
  });

  it('a norm bound takes any number of reports, and lies below the largest change', () => {
    const bound = (norm: number, rounds: object = {}) => problemsOf(robust({ name: 'norm-bound', norm }, rounds));
    expect(bound(1, { goal: 50_000, minimum: 1 })).toEqual([]);
    expect(bound(100)).toEqual([]);
    expect(bound(101)).toEqual(['strategy.aggregator.norm']);
  });

  it('the share of a trimmed mean is below a half', () => {
    expect(problemsOf(robust({ name: 'trimmed-mean', share: 0.5 }))).toEqual(['strategy.aggregator.share']);
    expect(problemsOf(robust({ name: 'trimmed-mean', share: 0 }))).toEqual(['strategy.aggregator.share']);
  });
});
