import { predictsNumber } from '../../shared/task/kinds/index.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { adminWords } from './words/index.ts';

/** What the score of this task is called: accuracy, or mean error. */
export const scoreName = ({ data }: Pick<TaskSpec, 'data'>): string =>
  adminWords().measures[predictsNumber(data) ? 'error' : 'accuracy'];
