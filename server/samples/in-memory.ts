import { type ExampleForm, rowsOf } from '../../shared/task/kinds/form.ts';
import type { HeldOut, TrainingSamples } from './source.ts';

/** Sample data that are all in memory; `perPerson` where they come from people. */
export const inMemory = ({ perPerson, ...all }: HeldOut, form: ExampleForm): TrainingSamples => ({
  count: all.targets.length,
  ...(perPerson === undefined ? {} : { perPerson }),
  read: async (indices) => rowsOf(all, form, indices),
  readAll: async () => all,
  close: async () => {},
});
