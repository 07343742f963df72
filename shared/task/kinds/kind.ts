import type * as v from 'valibot';
import type { Problem } from '../../errors.ts';
import type { ExampleForm } from './form.ts';

/**
 * A kind of data that people bring: one file, one line in `index.ts`, one call of the contract. What is shown for it is
 * in `web/contribute/kinds/`.
 */
export interface DataKind<Data> {
  /** Of `data` in a task; its `kind` is the name. */
  readonly schema: v.GenericSchema<unknown, Data>;
  readonly form: (data: Data) => ExampleForm;
  /** The names of the classes, in the order of the model's outputs; none where the task is to predict a number. */
  readonly labels: (data: Data) => readonly string[];
  /** What contradicts itself in the data; paths begin with `data`. */
  readonly problems: (data: Data) => readonly Problem[];
}
