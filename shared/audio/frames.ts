/** Samples in a second of everything that is made into features: what speech needs. */
export const SOUND_RATE = 16_000;
/** Samples under one window: 32 ms, in which speech changes little. */
export const WINDOW_SAMPLES = 512;

/** At `SOUND_RATE`. */
export const samplesIn = (milliseconds: number): number => (SOUND_RATE * milliseconds) / 1_000;

/** How many windows, each so many samples after the one before it, lie wholly in so many samples. */
export const frameCount = (samples: number, hopSamples: number): number =>
  Math.max(0, Math.floor((samples - WINDOW_SAMPLES) / hopSamples) + 1);
