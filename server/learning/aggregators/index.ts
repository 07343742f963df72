import { bufferOf, type TaskSpec } from '../../../shared/task/spec.ts';
import type { Aggregator } from './aggregator.ts';
import { bufferedMean } from './buffered-mean.ts';
import { mean } from './mean.ts';

/** The aggregators there are: one file each, one line here. */
const AGGREGATORS = { mean } as const;

/** Which aggregator a strategy is composed with (DESIGN §2). */
const AGGREGATOR_OF = { fedavg: 'mean', fedsgd: 'mean' } as const satisfies Record<
  Exclude<TaskSpec['strategy']['name'], 'fedbuff'>,
  keyof typeof AGGREGATORS
>;

/** The strategy's aggregator; what its state is, only itself knows. */
export function aggregatorOf(strategy: TaskSpec['strategy']): Aggregator<unknown> {
  const buffer = bufferOf(strategy);
  if (buffer !== null) return bufferedMean(buffer.size) as unknown as Aggregator<unknown>;
  return AGGREGATORS[AGGREGATOR_OF[strategy.name as keyof typeof AGGREGATOR_OF]] as unknown as Aggregator<unknown>;
}
