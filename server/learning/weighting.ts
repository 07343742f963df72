import { unreachable } from '../../shared/assert.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';

/** The weight of one update in the mean: n_i of McMahan et al. 2017, or 1 for the plain mean. */
export function weightOf(weighting: TaskSpec['strategy']['weighting'], update: { readonly examples: number }): number {
  switch (weighting) {
    case 'numExamples':
      return update.examples;
    case 'uniform':
      return 1;
    default:
      return unreachable(weighting);
  }
}
