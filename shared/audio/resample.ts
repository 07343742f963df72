import type { Sound } from './wav.ts';

/** Zero crossings of the sinc on each side: enough that what folds back is 50 dB down. */
const CROSSINGS = 16;

/**
 * The same sound at another rate, by a sinc under a Hann window (Smith, "Digital Audio Resampling", the bandlimited
 * interpolation of CCRMA). What the lower of the two rates cannot hold is filtered out first.
 */
export function resample({ rate: from, samples }: Sound, to: number): Float32Array {
  if (from === to) return samples;
  const common = divisor(from, to);
  const phases = to / common;
  const advance = from / common;
  const cutoff = Math.min(1, to / from);
  const half = Math.ceil(CROSSINGS / cutoff);
  const width = 2 * half;
  const weights = weightsOf(phases, cutoff, half);
  const made = new Float32Array(Math.floor((samples.length * phases) / advance));
  for (let index = 0; index < made.length; index++) {
    const place = index * advance;
    const phase = place % phases;
    const first = (place - phase) / phases - half + 1;
    const row = phase * width;
    const [low, high] = [Math.max(0, -first), Math.min(width, samples.length - first)];
    let sum = 0;
    for (let tap = low; tap < high; tap++) sum += (samples[first + tap] as number) * (weights[row + tap] as number);
    made[index] = sum;
  }
  return made;
}

/** The last table: sounds mostly come one after the other from one source. */
let kept: { readonly key: string; readonly weights: Float32Array } | undefined;

/** A row for each place that a new sample can have between two old ones. */
function weightsOf(phases: number, cutoff: number, half: number): Float32Array {
  const key = `${phases} ${cutoff}`;
  if (kept?.key === key) return kept.weights;
  const weights = new Float32Array(phases * 2 * half);
  for (let phase = 0, at = 0; phase < phases; phase++) {
    for (let tap = 1 - half; tap <= half; tap++, at++) weights[at] = kernel(tap - phase / phases, cutoff, half);
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
