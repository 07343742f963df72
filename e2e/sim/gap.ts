import { readModelFolder } from '../../server/cli/model-folder.ts';
import { sourceOf } from '../../server/samples/index.ts';
import type { ExampleColumns } from '../../shared/task/kinds/form.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { examplesOf } from '../../web/trainer/core/examples.ts';
import { trainAlone } from '../demo/alone.ts';
import { readOptions } from './options.ts';
import { examplesOfEach, simulate } from './simulation.ts';

/** Accuracy, or mean absolute error, on the held-out examples. */
export interface Gap {
  readonly before: number;
  readonly after: number;
  /** Of the answer that needs no features: the commonest class, or the median, of what the contributors have. */
  readonly trivial: number;
  /** Of as many epochs on the contributors' examples together, in one place. */
  readonly central: number;
  /** How much of the way from the trivial answer to central training the federation went: 1 is all of it. */
  readonly closed: number;
}

/** Trains a population (flags as of `npm run simulate`), and the same examples in one place. */
export async function gapOf(flags: string): Promise<Gap> {
  const options = readOptions(flags.split(' '));
  if (options === 'help' || 'problem' in options) throw new Error(`bad flags: ${flags}`);
  const template = TEMPLATES[options.task];
  const own = options.model === null ? null : readModelFolder(options.model);
  const model = own === null ? template.model : { topology: own.topology };
  const spec = { ...template, model: { ...model, seed: options.seed } } as TaskSpec;
  const columns = await sourceOf(spec.data)?.readHeldOut(spec.data);
  if (!columns) throw new Error(`the sample data of ${options.task} is not on this machine`);
  const parts = (await examplesOfEach(options)).flatMap((examples) => examples.parts);
  const central = await trainAlone(spec, parts, options.rounds, examplesOf(formOf(spec.data), [columns]), own?.weights);
  if (central === null) throw new Error('training in one place failed');
  const { initial, final } = await simulate(options, () => {});
  const figure = (score: { readonly accuracy?: number; readonly absoluteError?: number }): number =>
    score.accuracy ?? score.absoluteError ?? Number.NaN;
  const all = parts.flatMap(({ targets }) => [...targets]);
  const trivial = trivialOf(all, columns, formOf(spec.data).target.type);
  const [before, after] = [figure(initial), figure(final)];
  return { before, after, trivial, central: figure(central), closed: (after - trivial) / (figure(central) - trivial) };
}

function trivialOf(known: readonly number[], { targets }: ExampleColumns, type: 'class' | 'number'): number {
  const held = [...targets];
  if (type === 'number') {
    // Of all constants the median has the least absolute error.
    const median = known.toSorted((a, b) => a - b)[known.length >> 1] ?? 0;
    return held.reduce((sum, target) => sum + Math.abs(target - median), 0) / held.length;
  }
  const counts = new Map<number, number>();
  for (const label of known) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [commonest] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
  return held.filter((label) => label === commonest).length / held.length;
}
