import * as v from 'valibot';
import type { Problem } from '../../errors.ts';
import { LIMITS } from '../../limits.ts';
import type { ExampleForm } from './form.ts';
import type { DataKind } from './kind.ts';
import { labelProblems, labelsSchema } from './labels.ts';

const name = v.pipe(v.string(), v.trim(), v.minLength(1, 'must not be empty'), v.maxLength(60));
const real = v.pipe(v.number(), v.finite('must be a finite number'));
const positive = v.pipe(real, v.minValue(1e-9));

const columnSchema = v.variant('type', [
  v.strictObject({
    type: v.literal('number'),
    name,
    /** The model gets (number − mean) / deviation, and 0, the mean, where it is missing. */
    mean: real,
    deviation: positive,
  }),
  v.strictObject({
    type: v.literal('category'),
    name,
    /** One input for each: 1 at the one that it is, and 0 everywhere where it is missing or none of them. */
    values: v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(60))), v.minLength(1), v.maxLength(200)),
  }),
]);
export type TableColumn = v.InferOutput<typeof columnSchema>;

const schema = v.strictObject({
  kind: v.literal('table'),
  columns: v.pipe(v.array(columnSchema), v.minLength(1), v.maxLength(256)),
  target: v.strictObject({
    name,
    /** Of a number, for its scale; a class has none. */
    mean: v.optional(real),
    deviation: v.optional(positive),
  }),
  /** The classes of the target; without them it is a number. */
  labels: v.optional(labelsSchema),
  /** Which sample data the server can hand out and score on; none: the contributors bring all there is. */
  sample: v.optional(v.picklist(['trips'])),
});
export type RowData = v.InferOutput<typeof schema>;

const widthOf = (column: TableColumn): number => (column.type === 'number' ? 1 : column.values.length);

/** Rows of a table, and what one column of each is to be told from the others: a class, or a number. */
export const table = {
  schema,
  form: ({ columns, target, labels }): ExampleForm => ({
    shape: [columns.reduce((sum, column) => sum + widthOf(column), 0)],
    features: { type: 'float32' },
    target:
      labels === undefined
        ? { type: 'number', offset: target.mean ?? 0, scale: target.deviation ?? 1 }
        : { type: 'class', count: labels.length },
  }),
  labels: (data): readonly string[] => data.labels ?? [],
  problems({ columns, target, labels }): readonly Problem[] {
    const names = [...columns.map((column) => column.name), target.name];
    const inputs = columns.reduce((sum, column) => sum + widthOf(column), 0);
    return [
      ...labelProblems(labels ?? []),
      ...(new Set(names).size === names.length ? [] : [{ path: 'data.columns', message: 'have names of their own' }]),
      ...columns.flatMap((column) =>
        column.type === 'category' && new Set(column.values).size !== column.values.length
          ? [{ path: 'data.columns', message: `the values of ${column.name} must differ from each other` }]
          : [],
      ),
      ...(inputs > LIMITS.tableInputsCount
        ? [{ path: 'data.columns', message: `make ${inputs} inputs; at most ${LIMITS.tableInputsCount} are possible` }]
        : []),
      ...((target.mean === undefined) === (target.deviation === undefined) &&
      (labels === undefined || target.mean === undefined)
        ? []
        : [{ path: 'data.target', message: 'a number has mean and deviation, or neither; a class has none' }]),
    ];
  },
} satisfies DataKind<RowData>;

/** Cells as they stand in a file or a form; undefined where there is none. In the order of the task's columns. */
export type Cells = readonly (string | undefined)[];

/** What people write for nothing. */
const MISSING = new Set(['', '-', '–', '?', 'na', 'n/a', 'nan', 'null', 'none', 'missing']);
const isMissing = (cell: string | undefined): cell is undefined =>
  cell === undefined || MISSING.has(cell.trim().toLowerCase());

/** A number as people write it; null for anything else. The decimal sign is a point. */
export function numberIn(cell: string): number | null {
  const text = cell.trim().replace(/[ \u00a0\u202f_'](?=\d{3}(\D|$))/g, '');
  // Float32 is how it is kept: what is larger would be infinite there.
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Math.fround(Number(text)) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}

/** What was found wrong with a row; it is left out. */
export type RowProblem = 'not-a-number' | 'no-target' | 'unknown-label';

export interface EncodedRow {
  readonly features: Float32Array;
  /** Cells that were empty, or a value that the task does not know. */
  readonly missing: number;
}

/** The features of one row, or the first column whose cell is no number. */
export function encodeCells(
  { columns }: Pick<RowData, 'columns'>,
  cells: Cells,
): EncodedRow | { readonly notANumber: string } {
  const features = new Float32Array(columns.reduce((sum, column) => sum + widthOf(column), 0));
  let at = 0;
  let missing = 0;
  for (const [index, column] of columns.entries()) {
    const cell = cells[index];
    if (isMissing(cell)) missing++;
    else if (column.type === 'number') {
      const value = numberIn(cell);
      if (value === null) return { notANumber: column.name };
      features[at] = (value - column.mean) / column.deviation;
    } else {
      const place = column.values.indexOf(cell.trim());
      if (place < 0) missing++;
      else features[at + place] = 1;
    }
    at += widthOf(column);
  }
  return { features, missing };
}

/** The target of one row: the index of its label, or the number. */
export function encodeTarget({ labels }: Pick<RowData, 'labels'>, cell: string | undefined): number | RowProblem {
  if (isMissing(cell)) return 'no-target';
  if (labels === undefined) return numberIn(cell) ?? 'not-a-number';
  const place = labels.indexOf(cell.trim());
  return place < 0 ? 'unknown-label' : place;
}

/** The cells that features stand for, for people to read; undefined where one was missing. */
export function decodeCells({ columns }: Pick<RowData, 'columns'>, features: ArrayLike<number>): Cells {
  let at = 0;
  return columns.map((column) => {
    const from = at;
    at += widthOf(column);
    if (column.type === 'number') {
      const value = (features[from] ?? 0) * column.deviation + column.mean;
      return String(Number(value.toPrecision(5)));
    }
    return column.values.find((_, place) => features[from + place] === 1);
  });
}
