import { readModelFolder } from '../../server/cli/model-folder.ts';
import { sourceOf } from '../../server/samples/index.ts';
import type { Score } from '../../shared/protocol/index.ts';
import type { ExampleColumns } from '../../shared/task/kinds/form.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { SCORED_SEED } from '../../web/trainer/core/evaluate.ts';
import { type ExamplePart, type Examples, examplesOf } from '../../web/trainer/core/examples.ts';
import { tastesOf } from '../../web/trainer/core/taste.ts';
import { trainAlone } from '../demo/alone.ts';
import { readOptions } from './options.ts';
import { examplesOfEach, simulate, specOf } from './simulation.ts';

/** Accuracy, or mean absolute error, on the held-out examples. */
export interface Gap {
  readonly before: number;
  readonly after: number;
  /**
   * Of the answer that needs no features: the commonest class, or the median, of what the contributors have; of ratings
   * the mean of each item, whoever is asked.
   */
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
  const own = options.model === null ? null : readModelFolder(options.model);
  const asked = specOf(options);
  const spec = own === null ? asked : { ...asked, model: { topology: own.topology, seed: options.seed } };
  const parts = (await examplesOfEach(options)).flatMap((examples) => examples.parts);
  const { initial, final } = await simulate(options, () => {});
  return gapBetween(initial, final, await yardsticksOf(spec, parts, options.rounds, own?.weights));
}

/** What a federation is measured by: accuracy, or mean absolute error, on the held-out examples. */
export type Yardsticks = Pick<Gap, 'trivial' | 'central'>;

/** The trivial answer and training in one place on `parts`, the examples of each contributor. `start`: weights not from the seed. */
export async function yardsticksOf(
  spec: TaskSpec,
  parts: readonly ExamplePart[],
  rounds: number,
  start: Float32Array | null = null,
): Promise<Yardsticks> {
  const columns = await sourceOf(spec.data)?.readHeldOut(spec.data);
  if (!columns) throw new Error(`the sample data of ${spec.id} is not on this machine`);
  const held = examplesOf(formOf(spec.data), [columns], columns.perPerson);
  // Each contributor is one person, all with as many examples.
  const perPerson = held.form.taste && parts[0]?.targets.length;
  const central = await trainAlone(spec, parts, rounds, held, { start, perPerson });
  if (central === null) throw new Error('training in one place failed');
  const all = parts.flatMap(({ targets }) => [...targets]);
  const trivial = held.form.taste ? itemMeans(parts, held) : trivialOf(all, columns, held.form.target.type);
  return { trivial, central: figureOf(central) };
}

export function gapBetween(initial: Partial<Score>, final: Partial<Score>, { trivial, central }: Yardsticks): Gap {
  const [before, after] = [figureOf(initial), figureOf(final)];
  return { before, after, trivial, central, closed: (after - trivial) / (central - trivial) };
}

const figureOf = (score: Partial<Score>): number => score.accuracy ?? score.absoluteError ?? Number.NaN;

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

/** The error of each item's mean rating, that of all where nobody rated it, on the ratings that the model is scored on. */
function itemMeans(known: readonly ExamplePart[], held: Examples): number {
  const sums = new Map<number, { sum: number; count: number }>();
  const all = { sum: 0, count: 0 };
  for (const { features, targets } of known) {
    for (const [at, item] of features.entries()) {
      const own = sums.get(item) ?? { sum: 0, count: 0 };
      sums.set(item, own);
      for (const one of [own, all]) {
        one.sum += targets[at] as number;
        one.count++;
      }
    }
  }
  const [part] = held.parts;
  const { order } = tastesOf({ params: new Float32Array(), width: 1 }, held, SCORED_SEED);
  const errors = Array.from(order, (index) => {
    const { sum, count } = sums.get(part?.features[index] as number) ?? all;
    return Math.abs((part?.targets[index] as number) - sum / count);
  });
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}
