import type { TaskId } from '../../shared/ids.ts';
import type { Participation } from '../../shared/protocol/index.ts';
import type { ExampleColumns } from '../../shared/task/kinds/form.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import { createDataset, type Dataset } from '../data/dataset.ts';
import type { DataFailure } from '../data/failure.ts';
import { type Examples, examplesOf } from './core/examples.ts';
import { latestOfEach } from './core/taste.ts';

/** The examples that one worker trains on: read once, and again only when they changed. */
export interface ExampleSource {
  give(parts: readonly ExampleColumns[] | null): void;
  count(): Promise<{ readonly ok: true; readonly count: number } | DataFailure>;
  load(): Promise<{ readonly ok: true; readonly examples: Examples } | DataFailure>;
}

export function exampleSourceOf(task: TaskId, { data }: Pick<Participation, 'data'>): ExampleSource {
  const form = formOf(data);
  const dataset: Dataset = createDataset(task, form);
  const examplesIn = (parts: readonly ExampleColumns[]) => examplesOf(form, latestOfEach(form, parts));
  let given: Examples | null = null;
  let held: { readonly revision: number; readonly stored: number; readonly examples: Examples } | null = null;

  return {
    give(parts) {
      given = parts && examplesIn(parts);
    },
    async count() {
      if (given !== null) return { ok: true, count: given.count };
      return dataset.summary();
    },
    async load() {
      if (given !== null) return { ok: true, examples: given };
      const summary = await dataset.summary();
      if (!summary.ok) return summary;
      if (held?.revision === summary.revision && held.stored === summary.count) {
        return { ok: true, examples: held.examples };
      }
      const read = await dataset.read();
      if (!read.ok) return read;
      const stored = read.parts.reduce((sum, { targets }) => sum + targets.length, 0);
      held = { revision: read.revision, stored, examples: examplesIn(read.parts) };
      return { ok: true, examples: held.examples };
    },
  };
}
