import { seededRng } from '../../../shared/rng.ts';
import type { ProbeStep } from './probe.ts';

/**
 * The right answer of the probe's step, small enough to be kept: its loss, and a count sketch of its delta (Charikar, Chen
 * and Farach-Colton, ICALP 2002): each value is added to one bucket of 64, with a sign, both drawn once for all. The
 * sketch is linear and the square of its norm is, in the mean, that of the delta; so the distance of two sketches is
 * that of the deltas to about 20 %, and what half precision changes is a thousand times what full precision does.
 */
export interface Reference {
  readonly loss: number;
  readonly sketch: readonly number[];
}

export const SKETCH_BUCKETS = 64;
/** float32 agrees to about 1e-6, half precision only to about 1e-2. */
const TOLERANCE = 1e-3;

export function referenceOf({ loss, delta }: ProbeStep): Reference {
  const draws = seededRng(SKETCH_BUCKETS);
  const sketch = new Array<number>(SKETCH_BUCKETS).fill(0);
  for (const value of delta) {
    const draw = draws.uint32();
    const bucket = draw % SKETCH_BUCKETS;
    sketch[bucket] = (sketch[bucket] as number) + (draw >= 2 ** 31 ? value : -value);
  }
  return { loss, sketch };
}

/** How far a step is from the reference, relative to the reference; infinite where it is no number at all. */
export function stepError(step: ProbeStep, reference: Reference): number {
  const { loss, sketch } = referenceOf(step);
  const difference = sketch.map((value, bucket) => value - (reference.sketch[bucket] ?? Number.NaN));
  const error = Math.max(Math.hypot(...difference) / Math.hypot(...reference.sketch), lossError(loss, reference.loss));
  return Number.isFinite(error) ? error : Number.POSITIVE_INFINITY;
}

export const isRight = (error: number): boolean => error <= TOLERANCE;
export const isSameLoss = (loss: number, right: number): boolean => isRight(lossError(loss, right));

const lossError = (loss: number, right: number): number => Math.abs(loss - right) / Math.max(Math.abs(right), 1e-6);
