import { powerSpectrum } from './fourier.ts';
import { frameCount, SOUND_RATE, WINDOW_SAMPLES } from './frames.ts';

/** Where the lowest band begins and the highest ends, in Hz. */
const [LOWEST_HZ, HIGHEST_HZ] = [60, 7_600];
/** What is so much below the loudest counts as nothing. */
const RANGE_DB = 60;
/** As loud as a hum that is hardly heard: quieter sounds are not blown up to the full range. */
const QUIET_DB = -5;

/** Of the bands' edges: `HTK Book` (Young et al. 2006), equation 5.13. */
export const melOf = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);

export interface LogMelShape {
  /** Samples from one window to the next. */
  readonly hopSamples: number;
  readonly bands: number;
}

/**
 * How loud each band is in each window, in decibels: Hann windows, power spectrum, triangles that overlap by half on
 * the mel scale (HTK Book, §5.4 and figure 5.3). Window by window, the lowest band first. `samples` are at `SOUND_RATE`.
 */
export function logMel(samples: Float32Array, { hopSamples, bands }: LogMelShape): Float64Array {
  const { hann, spectrum, filters } = planOf(bands);
  const frames = frameCount(samples.length, hopSamples);
  const levels = new Float64Array(frames * bands);
  const frame = new Float64Array(WINDOW_SAMPLES);
  const power = new Float64Array(WINDOW_SAMPLES / 2 + 1);
  for (let window = 0; window < frames; window++) {
    const from = window * hopSamples;
    for (let at = 0; at < WINDOW_SAMPLES; at++) frame[at] = (samples[from + at] as number) * (hann[at] as number);
    spectrum(frame, power);
    for (const [band, { first, weights }] of filters.entries()) {
      let energy = 1e-12;
      for (let at = 0; at < weights.length; at++) energy += (weights[at] as number) * (power[first + at] as number);
      levels[window * bands + band] = 10 * Math.log10(energy);
    }
  }
  return levels;
}

/** Decibels as bytes: 255 is the loudest there is here, 0 is 60 dB below it, or less. */
export function bytesOfLevels(levels: Float64Array): Uint8Array {
  const loudest = levels.reduce((most, level) => Math.max(most, level), QUIET_DB);
  return Uint8Array.from(levels, (level) => Math.round(255 * Math.max(0, 1 + (level - loudest) / RANGE_DB)));
}

interface Filter {
  /** The first bin of the spectrum that counts. */
  readonly first: number;
  readonly weights: Float64Array;
}

interface Plan {
  readonly hann: Float64Array;
  readonly spectrum: ReturnType<typeof powerSpectrum>;
  readonly filters: readonly Filter[];
}

const plans = new Map<number, Plan>();

function planOf(bands: number): Plan {
  let plan = plans.get(bands);
  if (plan === undefined) {
    const hann = Float64Array.from(
      { length: WINDOW_SAMPLES },
      (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / WINDOW_SAMPLES),
    );
    plan = { hann, spectrum: powerSpectrum(WINDOW_SAMPLES), filters: filtersOf(bands) };
    plans.set(bands, plan);
  }
  return plan;
}

function filtersOf(bands: number): readonly Filter[] {
  const low = melOf(LOWEST_HZ);
  const step = (melOf(HIGHEST_HZ) - low) / (bands + 1);
  return Array.from({ length: bands }, (_, band) => {
    const centre = low + (band + 1) * step;
    const all = Array.from({ length: WINDOW_SAMPLES / 2 + 1 }, (_, bin) =>
      Math.max(0, 1 - Math.abs(melOf((bin * SOUND_RATE) / WINDOW_SAMPLES) - centre) / step),
    );
    const first = all.findIndex((weight) => weight > 0);
    const end = all.findLastIndex((weight) => weight > 0) + 1;
    return { first: Math.max(0, first), weights: Float64Array.from(first < 0 ? [] : all.slice(first, end)) };
  });
}
