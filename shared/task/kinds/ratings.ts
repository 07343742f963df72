import * as v from 'valibot';
import type { Problem } from '../../errors.ts';
import { LIMITS } from '../../limits.ts';
import type { DataKind } from './kind.ts';
import { numberIn, type RowProblem } from './table.ts';

const real = v.pipe(v.number(), v.finite('must be a finite number'), v.minValue(-1e6), v.maxValue(1e6));

const schema = v.strictObject({
  kind: v.literal('ratings'),
  /** The titles that there are; the model has a row of factors for each, in this order. */
  items: v.pipe(
    v.array(v.pipe(v.string(), v.trim(), v.minLength(1, 'must not be empty'), v.maxLength(LIMITS.titleCharacters))),
    v.minLength(2),
    v.maxLength(LIMITS.ratedItemsCount),
  ),
  /** What a rating may be: from the least to the most, in steps. */
  scale: v.strictObject({ minimum: real, maximum: real, step: v.pipe(real, v.minValue(1e-3)) }),
  /**
   * How strongly each person's own vector is held near zero when it is solved for: λ of ‖r − Vu‖² + λ‖u‖², ratings
   * scaled to −1 … 1. It belongs to the data because whoever uses the model solves for such a vector too.
   */
  ridge: v.pipe(real, v.minValue(1e-3), v.maxValue(1e3)),
  /** Which sample data the server can hand out and score on, invented or MovieLens; none: the contributors bring all there is. */
  sample: v.optional(v.picklist(['ratings', 'movielens'])),
});
export type RatingData = v.InferOutput<typeof schema>;
export type RatingScale = RatingData['scale'];

/** What one person thinks of each of several titles. An example is the index of a title, and the rating. */
export const ratings = {
  schema,
  form: ({ items, scale: { minimum, maximum }, ridge }) => ({
    shape: [1],
    features: { type: 'int32', below: items.length },
    target: { type: 'number', offset: (minimum + maximum) / 2, scale: Math.max(1e-9, (maximum - minimum) / 2) },
    taste: { ridge },
  }),
  labels: () => [],
  problems({ items, scale }): readonly Problem[] {
    const steps = (scale.maximum - scale.minimum) / scale.step;
    const isWhole = steps >= 1 && steps <= LIMITS.ratingStepsCount && Math.abs(steps - Math.round(steps)) < 1e-6;
    return [
      ...(new Set(items.map(folded)).size === items.length
        ? []
        : [{ path: 'data.items', message: 'must differ from each other' }]),
      ...(isWhole
        ? []
        : [
            {
              path: 'data.scale',
              message: `goes from the minimum to the maximum in 1 to ${LIMITS.ratingStepsCount} whole steps`,
            },
          ]),
    ];
  },
} satisfies DataKind<RatingData>;

/** Titles are found whatever their case and spaces. */
const folded = (title: string): string => title.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();

/** Every rating that there may be, the least first. */
export function choicesOf({ minimum, maximum, step }: RatingScale): readonly number[] {
  const count = Math.round((maximum - minimum) / step);
  return Array.from({ length: count + 1 }, (_, at) => Number((minimum + at * step).toPrecision(9)));
}

/** Looks titles up: the index, or −1. */
export function itemFinder({ items }: Pick<RatingData, 'items'>): (title: string) => number {
  const places = new Map(items.map((title, index) => [folded(title), index]));
  return (title) => places.get(folded(title)) ?? -1;
}

/** The titles with these letters in them, the ones that begin with them first; all of them for no letters. */
export function itemsWith({ items }: Pick<RatingData, 'items'>, letters: string): readonly number[] {
  const wanted = folded(letters);
  const found = [...items.keys()].filter((index) => folded(items[index] ?? '').includes(wanted));
  const begins = (index: number): number => (folded(items[index] ?? '').startsWith(wanted) ? 0 : 1);
  return found.toSorted((a, b) => begins(a) - begins(b));
}

/** The rating that a cell of a file says. */
export function ratingIn(
  { minimum, maximum }: RatingScale,
  cell: string | undefined,
): number | RowProblem | 'off-scale' {
  if (cell === undefined || cell.trim() === '') return 'no-target';
  const value = numberIn(cell);
  if (value === null) return 'not-a-number';
  return value < minimum || value > maximum ? 'off-scale' : value;
}
