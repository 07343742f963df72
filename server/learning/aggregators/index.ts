import { unreachable } from '../../../shared/assert.ts';
import { bufferOf, type TaskSpec } from '../../../shared/task/spec.ts';
import { scaffoldSums } from '../scaffold.ts';
import type { Aggregator, AnyAggregator } from './aggregator.ts';
import { bufferedMean } from './buffered-mean.ts';
import { centeredClipping } from './centered-clipping.ts';
import { geometricMedian } from './geometric-median.ts';
import { krum } from './krum.ts';
import { mean } from './mean.ts';
import { median } from './median.ts';
import { multiKrum } from './multi-krum.ts';
import { normBound } from './norm-bound.ts';
import { normalisedMean } from './normalised-mean.ts';
import { trimmedMean } from './trimmed-mean.ts';

/** The strategy's aggregator, the mean where it has and names none; what its state is, only itself knows. One line each. */
export function aggregatorOf(strategy: Pick<TaskSpec['strategy'], 'name' | 'aggregator' | 'schedule'>): AnyAggregator {
  const { name, aggregator } = strategy;
  const buffer = bufferOf(strategy);
  if (buffer !== null) return streaming(bufferedMean(buffer.size));
  if (name === 'fednova') return streaming(normalisedMean);
  if (name === 'scaffold') return streaming(scaffoldSums);
  if (aggregator === undefined) return streaming(mean);
  switch (aggregator.name) {
    case 'mean':
      return streaming(mean);
    case 'median':
      return median;
    case 'trimmed-mean':
      return trimmedMean(aggregator);
    case 'krum':
      return krum(aggregator);
    case 'multi-krum':
      return multiKrum(aggregator);
    case 'geometric-median':
      return geometricMedian(aggregator);
    case 'norm-bound':
      return streaming(normBound(aggregator));
    case 'centered-clipping':
      return centeredClipping(aggregator);
    default:
      return unreachable(aggregator);
  }
}

const streaming = <State>(aggregator: Aggregator<State>): Aggregator<unknown> =>
  aggregator as unknown as Aggregator<unknown>;
