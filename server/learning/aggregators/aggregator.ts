import { assert } from '../../../shared/assert.ts';
import { toBytes } from '../../../shared/weights/vector.ts';
import { type Read, readFrom, type Sums } from '../kernel/kernel.ts';

/** What an update counts for. */
export interface Counting {
  /** Its weight in the mean, greater than 0: the examples trained on, or 1 (see `weighting.ts`). */
  readonly weight: number;
  /** Local steps that it took, in steps of plain SGD (see `effective-steps.ts`): for aggregators that normalise by them. */
  readonly steps?: number;
}

/** One accepted update as an aggregator sees it. `delta` belongs to the caller and may be reused after `add` returns. */
export interface Contribution extends Counting {
  /** local − global, as many values as the model has. */
  readonly delta: Float32Array;
}

/** An update that adds itself, times `weight`, to as many sums as it has values: once, in any form that the kernel takes. */
export type Addend = (sums: Sums, weight: number) => void;

/** Of float32 values that are read piece by piece. */
export const addendOfFloats =
  (read: Read): Addend =>
  (sums, weight) =>
    void sums.add(read, weight);

/** Of a whole delta. */
export const addendOf =
  (delta: Float32Array): Addend =>
  (sums, weight) => {
    assert(delta.length === sums.values.length, 'vectors differ in length');
    sums.add(readFrom(toBytes(delta)), weight);
  };

/** A streaming aggregator's state, apart from its type. */
export interface PartialSum {
  /** The sums themselves, not a copy. */
  readonly values: Float64Array;
  /** What else there is: weights, counts. What each means is for the rule that made it. */
  readonly numbers: readonly number[];
}

/** A partial sum that is read piece by piece. */
export interface MergedSum {
  readonly numbers: readonly number[];
  /** The next bytes of its float64 values. */
  readonly read: Read;
}

/** For a rule whose state is nothing but sums. */
export interface PartialSums<State> {
  of(state: State): PartialSum;
  /**
   * Adds another state of the same rule, of as many values. The same states merged in the same order give the same bits;
   * merged into an empty state it is that state, to the bit. If it throws, the state is spoilt.
   */
  merge(state: State, other: MergedSum): State;
}

/** As many numbers above 0 as a rule has; they may come from another process. */
export function numbersOf<Count extends 1 | 3>(numbers: readonly number[], count: Count) {
  assert(numbers.length === count && numbers.every((one) => Number.isFinite(one) && one > 0), 'no sum of this rule');
  return numbers as Count extends 1 ? readonly [number] : readonly [number, number, number];
}

/**
 * Turns the updates of one round into one Float64 vector. A streaming aggregator holds O(model) values however many
 * updates there are. `add` may change the state that it is given and returns the one to go on with. The same updates
 * in the same order give the same bits. Every aggregator passes `aggregator.contract.ts`.
 */
export interface Aggregator<State> {
  readonly name: string;
  /** State of a round in which nothing was added; `values` is the size of the model. */
  init(values: number): State;
  add(state: State, contribution: Contribution): State;
  /**
   * As `add`, to the same bits, of an update that is read piece by piece. An aggregator that is a weighted sum has it, so that
   * no update is ever held whole. If it throws, the state is spoilt.
   */
  addStream?(state: State, addend: Addend, counting: Counting): State;
  /**
   * `finish` only divides and multiplies the sums, all by the same: sums of rotated updates may be rotated back behind it
   * (`rotated.ts`).
   */
  readonly isScaledSum?: true;
  /** How states of updates that were added apart become one; only where a state is nothing but sums. */
  readonly partial?: PartialSums<State>;
  /** The aggregated delta, owned by the caller; the state is used up. A `BugError` when nothing was added: a round has a minimum. */
  finish(state: State): Float64Array;
}

/**
 * The updates of one round for a rule that must see them more than once, in the order of their receipts. Whoever gives
 * them holds O(model) values, or `LIMITS.robustBlockValues`, and not all of them.
 */
export interface Updates {
  readonly count: number;
  /** Of the model. */
  readonly values: number;
  /** One whole delta; its memory is used again by the next call. */
  read(index: number): Float32Array;
  /** The values from `from` to below `to` of every delta; their memory is used again by the next call. */
  block(from: number, to: number): readonly Float32Array[];
}

/**
 * An aggregator that does not stream: it reads the updates of the round when all are there, in passes or in blocks of
 * coordinates. Every update counts the same. The same updates in the same order give the same bits. Every one passes
 * `batch-aggregator.contract.ts`.
 */
export interface BatchAggregator {
  readonly name: string;
  /** Starts from the aggregate of the round before, which is then saved with the version as float32. */
  readonly carries: boolean;
  /** The aggregated delta. `previous` is null unless it carries, and in its first round. A `BugError` below its limit. */
  apply(updates: Updates, previous: Float32Array | null): Float64Array;
}

/** Either of the two: one folds as reports arrive, the other reads them at the end. */
export type AnyAggregator = Aggregator<unknown> | BatchAggregator;
