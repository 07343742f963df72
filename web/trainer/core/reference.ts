import { seededRng } from '../../../shared/rng.ts';
import type { ProbeStep } from './probe.ts';

/**
 * The right answer of the probe's step, small enough to be kept: its loss, and of each tensor's change a count sketch (Charikar,
 * Chen and Farach-Colton, ICALP 2002): each value is added to one bucket of 32, with a sign, both drawn once for all. A
 * sketch is linear and the square of its norm is, in the mean, that of the change; so the distance of two sketches is that
 * of the changes to about 20 %, and what half precision changes is a thousand times what full precision does.
 */
export interface Reference {
  readonly loss: number;
  /** One of each tensor of the layout, in its order. */
  readonly sketches: readonly (readonly number[])[];
}

export const SKETCH_BUCKETS = 32;
/** float32 agrees to about 1e-6, half precision only to about 1e-2. */
const TOLERANCE = 1e-3;
/**
 * A tensor is held to its own change and this share of the whole: alone it may be next to nothing, of which rounding the
 * weights leaves nothing that agrees. Wholly wrong it is found out from a hundred-thousandth of the whole on.
 */
const SHARE_OF_WHOLE = 1e-2;

export function referenceOf({ loss, deltas }: ProbeStep): Reference {
  const draws = seededRng(SKETCH_BUCKETS);
  const sketches = deltas.map((delta) => {
    const sketch = new Array<number>(SKETCH_BUCKETS).fill(0);
    for (const value of delta) {
      const draw = draws.uint32();
      const bucket = draw % SKETCH_BUCKETS;
      sketch[bucket] = (sketch[bucket] as number) + (draw >= 2 ** 31 ? value : -value);
    }
    return sketch;
  });
  return { loss, sketches };
}

/**
 * How far a step is from the reference, relative to the reference: the worst of its loss, all of its changes, and the change of
 * each tensor. Infinite where it is no number at all.
 */
export function stepError(step: ProbeStep, reference: Reference): number {
  const { loss, sketches } = referenceOf(step);
  const right = reference.sketches;
  if (right.length !== sketches.length) return Number.POSITIVE_INFINITY;
  const norms = right.map((sketch) => Math.hypot(...sketch));
  const off = sketches.map((sketch, tensor) =>
    Math.hypot(...sketch.map((value, bucket) => value - (right[tensor]?.[bucket] ?? Number.NaN))),
  );
  const whole = Math.hypot(...norms);
  const ofEach = off.map((distance, tensor) => distance / ((norms[tensor] as number) + SHARE_OF_WHOLE * whole));
  const error = Math.max(lossError(loss, reference.loss), Math.hypot(...off) / whole, ...ofEach);
  return Number.isFinite(error) ? error : Number.POSITIVE_INFINITY;
}

export const isRight = (error: number): boolean => error <= TOLERANCE;
export const isSameLoss = (loss: number, right: number): boolean => isRight(lossError(loss, right));

const lossError = (loss: number, right: number): number => Math.abs(loss - right) / Math.max(Math.abs(right), 1e-6);
