import type { TaskSpec } from '../../../shared/task/spec.ts';
import { scaffoldSums } from '../scaffold.ts';
import type { Aggregator } from './aggregator.ts';
import { mean } from './mean.ts';
import { normalisedMean } from './normalised-mean.ts';

/** The aggregators there are: one file each, one line here. */
const AGGREGATORS = { mean, normalisedMean, scaffoldSums } as const;

/** Which aggregator a strategy is composed with (DESIGN §2). */
const AGGREGATOR_OF = {
  fedavg: 'mean',
  fedsgd: 'mean',
  fedprox: 'mean',
  fednova: 'normalisedMean',
  scaffold: 'scaffoldSums',
} as const satisfies Record<TaskSpec['strategy']['name'], keyof typeof AGGREGATORS>;

/** The strategy's aggregator; what its state is, only itself knows. */
export const aggregatorOf = (strategy: TaskSpec['strategy']): Aggregator<unknown> =>
  AGGREGATORS[AGGREGATOR_OF[strategy.name]] as unknown as Aggregator<unknown>;
