import type { TaskSpec } from './spec.ts';

/** How many updates of n a trimmed mean drops at each end: ⌊share · n⌋, also where 0.29 · 100 comes to 28.999…. */
export const trimmedCount = (share: number, count: number): number => Math.floor(share * count + 1e-9);

/** The fewest reports with which the aggregator can do what it is for. */
export function leastReports(aggregator: NonNullable<TaskSpec['strategy']['aggregator']>): number {
  switch (aggregator.name) {
    case 'mean':
    case 'norm-bound':
      return 1;
    case 'median':
    case 'geometric-median':
    case 'centered-clipping':
      return 3;
    case 'trimmed-mean':
      return Math.ceil(1 / aggregator.share - 1e-9);
    case 'krum':
      return 2 * aggregator.malicious + 3;
    case 'multi-krum':
      return Math.max(2 * aggregator.malicious + 3, aggregator.keep + aggregator.malicious + 2);
  }
}
