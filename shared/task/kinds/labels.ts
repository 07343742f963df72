import * as v from 'valibot';
import type { Problem } from '../../errors.ts';

/** The names of the classes, in the order of their indices. */
export const labelsSchema = v.pipe(
  v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(40))),
  v.minLength(2),
  v.maxLength(1000),
);

export const labelProblems = (labels: readonly string[]): readonly Problem[] =>
  new Set(labels).size === labels.length ? [] : [{ path: 'data.labels', message: 'must differ from each other' }];
