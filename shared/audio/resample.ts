import { finish, type Steps } from '../steps.ts';
import type { Sound } from './wav.ts';

/** Zero crossings of the sinc on each side: enough that what folds back is 50 dB down. */
const CROSSINGS = 16;

/** Products that are summed, and weights that are worked out, in one step: a sine takes as long as dozens of products. */
const [STEP_PRODUCTS, STEP_WEIGHTS] = [2 ** 20, 2 ** 14];

/**
 * The same sound at another rate, by a sinc under a Hann window (Smith, "Digital Audio Resampling", the bandlimited
 * interpolation of CCRMA). What the lower of the two rates cannot hold is filtered out first.
 */
export function* resampleSteps({ rate: from, samples }: Sound, to: number): Steps<Float32Array> {
  if (from === to) return samples;
  const common = divisor(from, to);
  const phases = to / common;
  const advance = from / common;
  const cutoff = Math.min(1, to / from);
  const half = Math.ceil(CROSSINGS / cutoff);
  const weights = yield* weightsOf(phases, cutoff, half);
  const made = new Float32Array(Math.floor((samples.length * phases) / advance));
  const step = Math.ceil(STEP_PRODUCTS / (2 * half));
  for (let index = 0; index < made.length; index += step) {
    fill(made, index, Math.min(made.length, index + step), { samples, weights, phases, advance, half });
    yield;
  }
  return made;
}

/** All steps at once. */
export const resample = (sound: Sound, to: number): Float32Array => finish(resampleSteps(sound, to));

interface Filter {
  readonly samples: Float32Array;
  readonly weights: Float32Array;
  readonly phases: number;
  readonly advance: number;
  readonly half: number;
}

/** Makes the samples from `begin` to before `end`. */
function fill(made: Float32Array, begin: number, end: number, filter: Filter): void {
  const { samples, weights, phases, advance, half } = filter;
  const width = 2 * half;
  for (let index = begin; index < end; index++) {
    const place = index * advance;
    const phase = place % phases;
    const first = (place - phase) / phases - half + 1;
    const row = phase * width;
    const low = Math.max(0, -first);
    const high = Math.min(width, samples.length - first);
    let sum = 0;
    for (let tap = low; tap < high; tap++) sum += (samples[first + tap] as number) * (weights[row + tap] as number);
    made[index] = sum;
  }
}

/** The last table: sounds mostly come one after the other from one source. */
let kept: { readonly key: string; readonly weights: Float32Array } | undefined;

/** A row for each place that a new sample can have between two old ones. */
function* weightsOf(phases: number, cutoff: number, half: number): Steps<Float32Array> {
  const key = `${phases} ${cutoff}`;
  if (kept?.key === key) return kept.weights;
  const weights = new Float32Array(phases * 2 * half);
  const step = Math.ceil(STEP_WEIGHTS / (2 * half));
  for (let phase = 0, at = 0; phase < phases; phase++) {
    for (let tap = 1 - half; tap <= half; tap++, at++) weights[at] = kernel(tap - phase / phases, cutoff, half);
    if ((phase + 1) % step === 0) yield;
  }
  kept = { key, weights };
  return weights;
}

/** The weight of a sample so many samples away. */
function kernel(distance: number, cutoff: number, half: number): number {
  if (Math.abs(distance) >= half) return 0;
  const angle = Math.PI * distance * cutoff;
  const sinc = angle === 0 ? 1 : Math.sin(angle) / angle;
  return cutoff * sinc * (0.5 + 0.5 * Math.cos((Math.PI * distance) / half));
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
