import type { TaskData } from '../../shared/task/kinds/index.ts';
import { fashion } from './fashion.ts';
import { keywords } from './keywords.ts';
import { mnist } from './mnist.ts';
import { movielens } from './movielens.ts';
import { ratings } from './ratings.ts';
import type { SampleSource } from './source.ts';
import { trips } from './trips.ts';
import { wordnet } from './wordnet.ts';

export type SampleName = NonNullable<TaskData['sample']>;

/** Every sample data set, by its name in the task. */
export const SAMPLE_SOURCES: Readonly<Record<SampleName, SampleSource>> = {
  mnist,
  fashion,
  trips,
  wordnet,
  keywords,
  ratings,
  movielens,
};

/** The task's sample data; null where it names none. */
export const sourceOf = (data: TaskData, sources = SAMPLE_SOURCES): SampleSource | null =>
  data.sample === undefined ? null : sources[data.sample];
