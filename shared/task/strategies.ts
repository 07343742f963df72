import type { ClientPlan, TaskSpec } from './spec.ts';

/**
 * The table of DESIGN §2: what each strategy is composed of where nothing else is said, and what it may be composed of.
 * The form, the command line and the simulator take their defaults from here; `compatibility.ts` refuses the rest.
 */

type Strategy = TaskSpec['strategy'];
export type StrategyName = Strategy['name'];
type ServerOptimizer = Strategy['serverOptimizer'];
type Aggregator = NonNullable<Strategy['aggregator']>;

/** Settings of each server optimizer where nothing else is said (Hsu et al. 2019; Reddi et al. 2021). */
export const SERVER_OPTIMIZERS = {
  sgd: { name: 'sgd', learningRate: 1 },
  // β = 0.9 multiplies the pace by 10 in the long run.
  momentum: { name: 'momentum', learningRate: 0.1, beta: 0.9, nesterov: false },
  adagrad: { name: 'adagrad', learningRate: 0.1, tau: 1e-3 },
  adam: { name: 'adam', learningRate: 0.1, beta1: 0.9, beta2: 0.99, tau: 1e-3, biasCorrection: false },
  yogi: { name: 'yogi', learningRate: 0.01, beta1: 0.9, beta2: 0.99, tau: 1e-3, biasCorrection: false },
} as const satisfies { [Name in ServerOptimizer['name']]: Extract<ServerOptimizer, { readonly name: Name }> };

/** Settings of each aggregator where nothing else is said: for a minimum of five reports, one of them malicious. */
export const AGGREGATORS = {
  mean: { name: 'mean' },
  median: { name: 'median' },
  'trimmed-mean': { name: 'trimmed-mean', share: 0.2 },
  krum: { name: 'krum', malicious: 1 },
  'multi-krum': { name: 'multi-krum', malicious: 1, keep: 2 },
  'geometric-median': { name: 'geometric-median', passes: 10, smoothing: 1e-6 },
  'norm-bound': { name: 'norm-bound', norm: 1 },
  // In the table of docs/benchmarks.md 1 is no better than a bound on the norm; how far honest changes spread is the task's own.
  'centered-clipping': { name: 'centered-clipping', radius: 0.3, passes: 1 },
} as const satisfies { [Name in Aggregator['name']]: Extract<Aggregator, { readonly name: Name }> };

interface Composition {
  readonly weighting: Strategy['weighting'];
  /** Server optimizers that it may be composed with; the first is its own. */
  readonly optimizers: readonly [ServerOptimizer['name'], ...ServerOptimizer['name'][]];
  /** Null: the mean, and nothing else. Else its own, where any but the mean may stand. */
  readonly aggregator: Aggregator['name'] | null;
  /** Merged into the plan of the clients; `null` takes a field out. */
  readonly client: { readonly [Field in keyof ClientPlan]?: ClientPlan[Field] | null };
}

const MEAN = {
  weighting: 'numExamples',
  optimizers: ['sgd'],
  aggregator: null,
  client: { work: 'sgd', mu: null },
} as const;

/** One line a strategy. */
export const STRATEGIES: Readonly<Record<StrategyName, Composition>> = {
  fedavg: MEAN,
  fedsgd: { ...MEAN, weighting: 'uniform', client: { work: 'full-batch', mu: null, epochs: 1, maxSteps: null } },
  fedprox: { ...MEAN, client: { work: 'prox', mu: 0.1 } },
  fednova: { ...MEAN, client: { ...MEAN.client, reportMomentum: null } },
  scaffold: {
    ...MEAN,
    weighting: 'uniform',
    client: { work: 'scaffold', mu: null, optimizer: 'sgd', momentum: null, reportMomentum: null, local: null },
  },
  fedbuff: {
    ...MEAN,
    weighting: 'uniform',
    optimizers: ['sgd', 'momentum'],
    client: { ...MEAN.client, reportMomentum: null },
  },
  fedavgm: { ...MEAN, optimizers: ['momentum'] },
  fedadagrad: { ...MEAN, optimizers: ['adagrad'] },
  fedadam: { ...MEAN, optimizers: ['adam'] },
  fedyogi: { ...MEAN, optimizers: ['yogi'], client: { ...MEAN.client, learningRate: 0.0316 } },
  robust: {
    ...MEAN,
    weighting: 'uniform',
    optimizers: ['sgd', 'momentum', 'adagrad', 'adam', 'yogi'],
    aggregator: 'geometric-median',
  },
};

export const STRATEGY_NAMES = Object.keys(STRATEGIES) as readonly StrategyName[];

/**
 * Overrides (see `mergeOverrides`) that make a task one of this strategy. A server optimizer or an aggregator that the strategy
 * may have stays as it is. Tasks whose clients reconstruct keep their plan: they learn by nothing else.
 */
export function strategyOverrides(name: StrategyName, task: Pick<TaskSpec, 'client' | 'strategy' | 'rounds'>) {
  const { weighting, optimizers, aggregator, client } = STRATEGIES[name];
  const { serverOptimizer, aggregator: before } = task.strategy;
  const size = task.rounds.goal;
  const isKept = before !== undefined && before.name !== 'mean';
  return {
    strategy: {
      name,
      weighting,
      serverOptimizer: optimizers.includes(serverOptimizer.name) ? serverOptimizer : SERVER_OPTIMIZERS[optimizers[0]],
      aggregator: aggregator === null ? null : isKept ? before : AGGREGATORS[aggregator],
      schedule:
        name === 'fedbuff' ? ({ kind: 'buffered', size, maximumStaleness: 10, concurrency: size } as const) : null,
    },
    rounds: name === 'fedbuff' ? { overSelection: 1 } : {},
    client: task.client.work === 'reconstruct' ? {} : client,
  };
}
