import type { TargetForm } from '../task/kinds/form.ts';
import { layoutOf } from '../weights/layout.ts';
import { BINS_COUNT, COUNTS_COUNT } from './size.ts';

/**
 * What one contributor's device says of a model in an evaluation round (PROTOCOL.md, "Evaluation rounds"): whole numbers
 * that the server adds up and does nothing else with. None is above 2^24, so that float32 holds each of them exactly and the
 * report goes the way of every other one.
 *
 * | at | value |
 * |---|---|
 * | 0 | examples that were scored, 1 … 4,096 |
 * | 1 | Σ loss, in 1/256; the mean is cut off at 16 |
 * | 2 | right answers; or Σ absolute error, in 1/256 of the target's scale, the mean cut off at 16 |
 * | 3 | level: the contributor's own mean, in 1/4,096 of all right; or in 1/256 of the scale |
 * | 4 | level², for the spread over contributors |
 * | 5 … 24 | 1 at the level's place among twenty, 0 elsewhere: twentieths of all right; or tenths of the scale, the last open |
 */
export const COUNTS_LAYOUT = layoutOf([{ name: 'counts', shape: [COUNTS_COUNT] }]);

/** Nobody's figures are of more examples: then the sums stay below 2^24, and nobody outweighs a whole cohort. */
export const SCORED_EXAMPLES_MOST = 4_096;
const UNIT = 256;
const MEAN_MOST = 16;
const LEVEL_MOST = 4_096;
const BINS_AT = COUNTS_COUNT - BINS_COUNT;

/** A model on one person's examples: means, the error in the target's scale. What is no number counts as the largest. */
export interface OwnFigures {
  readonly examples: number;
  readonly loss: number;
  /** Right answers of a task with classes, or the mean absolute error of one that predicts a number. */
  readonly measure: { readonly correct: number } | { readonly scaledError: number };
}

export function countsOf({ examples, loss, measure }: OwnFigures): Float32Array {
  const isClass = 'correct' in measure;
  const value = isClass ? measure.correct : inUnits(measure.scaledError, examples);
  const level = levelOf(value, examples, isClass);
  const counts = new Float32Array(COUNTS_LAYOUT.size);
  counts.set([examples, inUnits(loss, examples), value, level, level ** 2]);
  counts[BINS_AT + binOf(level, isClass)] = 1;
  return counts;
}

/** Why these are no counts of such a task, in one sentence; null where they are. Everything follows from the first three. */
export function countsProblem(counts: Float32Array, target: TargetForm['type']): string | null {
  const isClass = target === 'class';
  if (counts.length !== COUNTS_LAYOUT.size) return `a report of an evaluation round has ${COUNTS_LAYOUT.size} counts`;
  if (!counts.every((count) => Number.isInteger(count) && count >= 0)) return 'counts are whole numbers from 0';
  const [examples = 0, loss = 0, value = 0, level = 0, square = 0] = counts;
  if (examples < 1 || examples > SCORED_EXAMPLES_MOST)
    return `figures are of 1 to ${SCORED_EXAMPLES_MOST} examples of a person`;
  if (loss > examples * MEAN_MOST * UNIT) return 'the loss is above its limit';
  if (value > examples * (isClass ? 1 : MEAN_MOST * UNIT)) return 'more is right, or wrong, than there are examples';
  if (level !== levelOf(value, examples, isClass) || square !== level ** 2) return 'the counts contradict each other';
  const bin = binOf(level, isClass);
  const isOneHot = counts.subarray(BINS_AT).every((count, at) => count === (at === bin ? 1 : 0));
  return isOneHot ? null : 'the place among the twenty is another';
}

/** The sums of all counts, and what one step of each is worth. */
export function sumsOf(sums: Float64Array) {
  const [examples = 0, loss = 0, measure = 0, level = 0, levelSquared = 0] = sums;
  return { examples, loss: loss / UNIT, measure, level, levelSquared, bins: [...sums.subarray(BINS_AT)] };
}

/** How much one unit of `measure`, one level and one bin are: shares of all right, or parts of the target's scale. */
export const worthOf = (target: TargetForm): { measure: number; level: number; bin: number } =>
  target.type === 'class'
    ? { measure: 1, level: 1 / LEVEL_MOST, bin: 1 / BINS_COUNT }
    : { measure: target.scale / UNIT, level: target.scale / UNIT, bin: target.scale / 10 };

/** Σ over the examples, from the mean. */
const inUnits = (mean: number, examples: number): number =>
  Math.round((mean <= MEAN_MOST ? Math.max(0, mean) : MEAN_MOST) * examples * UNIT);

const levelOf = (value: number, examples: number, isClass: boolean): number =>
  Math.round((isClass ? LEVEL_MOST * value : value) / examples);

const binOf = (level: number, isClass: boolean): number =>
  Math.min(BINS_COUNT - 1, Math.floor(isClass ? (level * BINS_COUNT) / LEVEL_MOST : (level * 10) / UNIT));
