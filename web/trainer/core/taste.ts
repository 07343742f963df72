import { assert } from '../../../shared/assert.ts';
import { seededRng, shuffle } from '../../../shared/rng.ts';
import type { ExampleForm } from '../../../shared/task/kinds/form.ts';
import type { ExamplePart } from './examples.ts';
import { type Examples, partOf } from './examples.ts';

/**
 * Federated reconstruction (Singhal et al., NeurIPS 2021, arXiv 2102.03448, algorithm 1) for ratings: the model has
 * factors and a bias of each item, and what a person thinks of an item is v · u + b. The person's vector u, the taste, is
 * part of no model: it is solved for out of the person's ratings whenever it is needed, with the factors as they are, and
 * forgotten. Instead of the paper's gradient steps the solution is exact, because the problem is a small square one.
 */

/** One rating: the index of the item, and the target as the model has it (scaled). */
export interface Rating {
  readonly item: number;
  readonly target: number;
}

/** Of a flat vector of items × width values: the factors first, the bias last. */
export interface Factors {
  readonly params: Float32Array;
  readonly width: number;
}

/**
 * The u that minimises Σ (r − b − v · u)² + ridge · ‖u‖² over the ratings, with a 1 behind it that the bias is weighed
 * with: `width` values. Zeros where there is no rating.
 */
export function solveTaste({ params, width }: Factors, ratings: readonly Rating[], ridge: number): Float32Array {
  const size = width - 1;
  // (VᵀV + ridge · I) u = Vᵀ(r − b), rows of `size` values with the right side behind them.
  const rows = Array.from({ length: size }, (_, at) => {
    const row = new Float64Array(size + 1);
    row[at] = ridge;
    return row;
  });
  for (const { item, target } of ratings) {
    const of = params.subarray(item * width, (item + 1) * width);
    const left = target - (of[size] as number);
    for (const [at, row] of rows.entries()) {
      const factor = of[at] as number;
      for (let other = 0; other < size; other++) row[other] = (row[other] as number) + factor * (of[other] as number);
      row[size] = (row[size] as number) + factor * left;
    }
  }
  return Float32Array.of(...eliminate(rows), 1);
}

/** Gauss without a choice of pivots: the matrix is symmetric and, by the ridge, positive definite. */
function eliminate(rows: readonly Float64Array[]): readonly number[] {
  const size = rows.length;
  for (const [at, pivot] of rows.entries()) {
    for (const row of rows.slice(at + 1)) {
      const times = (row[at] as number) / (pivot[at] as number);
      for (let column = at; column <= size; column++)
        row[column] = (row[column] as number) - times * (pivot[column] as number);
    }
  }
  const solution = new Array<number>(size).fill(0);
  for (let at = size - 1; at >= 0; at--) {
    const row = rows[at] as Float64Array;
    let value = row[size] as number;
    for (let column = at + 1; column < size; column++) value -= (row[column] as number) * (solution[column] as number);
    solution[at] = value / (row[at] as number);
  }
  return solution;
}

/** Examples to learn from or to score on, each with the taste of the person whose it is. */
export interface Tastes {
  readonly order: Uint32Array;
  readonly of: (index: number) => Float32Array;
}

/**
 * Of each person half of the ratings, drawn by the seed, make the taste; the other half, `order`, are what it is tried on,
 * so that factors are learnt for ratings that the taste has not seen. Of one rating alone, the taste is zeros.
 */
export function tastesOf(factors: Factors, examples: Examples, seed: number): Tastes {
  const { taste } = examples.form;
  assert(taste !== undefined, 'only ratings have a taste');
  const each = examples.perPerson ?? examples.count;
  const order: number[] = [];
  const tastes: Float32Array[] = [];
  for (let first = 0; first < examples.count; first += each) {
    const count = Math.min(each, examples.count - first);
    const own = shuffle(
      Uint32Array.from({ length: count }, (_, at) => first + at),
      seededRng(seed, tastes.length),
    );
    const half = count >> 1;
    const support = Array.from(own.subarray(0, half), (index) => ratingAt(examples, index));
    tastes.push(solveTaste(factors, support, taste.ridge));
    order.push(...own.subarray(half));
  }
  return {
    order: Uint32Array.from(order),
    of: (index) => tastes[Math.floor(index / each)] as Float32Array,
  };
}

/** What the person of these examples would think of each item, scaled; NaN for what is rated already. */
export function unratedScores({ params, width }: Factors, examples: Examples): Float32Array {
  const { taste } = examples.form;
  assert(taste !== undefined, 'only ratings have a taste');
  const own = Array.from({ length: examples.count }, (_, index) => ratingAt(examples, index));
  const person = solveTaste({ params, width }, own, taste.ridge);
  const scores = Float32Array.from({ length: params.length / width }, (_, item) =>
    person.reduce((sum, weight, at) => sum + weight * (params[item * width + at] as number), 0),
  );
  for (const { item } of own) scores[item] = Number.NaN;
  return scores;
}

function ratingAt(examples: Examples, index: number): Rating {
  const { target } = examples.form;
  const { part, at } = partOf(examples, index);
  assert(target.type === 'number', 'a rating is a number');
  return { item: part.features[at] as number, target: ((part.targets[at] as number) - target.offset) / target.scale };
}

/** Of each item the rating that was given last: people change their minds. Other examples stay as they are. */
export function latestOfEach(form: ExampleForm, parts: readonly ExamplePart[]): readonly ExamplePart[] {
  if (form.taste === undefined) return parts;
  const latest = new Map<number, number>();
  for (const { features, targets } of parts) {
    features.forEach((item, at) => {
      latest.delete(item);
      latest.set(item, targets[at] as number);
    });
  }
  return [{ features: Int32Array.from(latest.keys()), targets: Float32Array.from(latest.values()) }];
}
