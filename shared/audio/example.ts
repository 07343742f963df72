import { finish, type Steps } from '../steps.ts';
import type { SoundData } from '../task/kinds/audio.ts';
import { type ClipProblem, clipOf } from './clip.ts';
import { SOUND_RATE, samplesIn } from './frames.ts';
import { bytesOfLevels, logMel } from './log-mel.ts';
import { resampleSteps } from './resample.ts';
import type { Sound } from './wav.ts';

type WindowsOf = Pick<SoundData, 'hopMs' | 'bands'>;

/** What the model gets of samples at `SOUND_RATE`, as many windows as there are: a byte for each band of each. */
export const featuresOfSamples = (samples: Float32Array, { hopMs, bands }: WindowsOf): Uint8Array =>
  bytesOfLevels(logMel(samples, { hopSamples: samplesIn(hopMs), bands }));

export type SoundExample =
  | { readonly ok: true; readonly features: Uint8Array }
  | { readonly ok: false; readonly problem: ClipProblem };

type ExampleOf = WindowsOf & Pick<SoundData, 'clipMs'>;

/** One example of a sound: of a longer one the part with most to hear. */
export function* exampleSteps(sound: Sound, data: ExampleOf): Steps<SoundExample> {
  const samples = yield* resampleSteps(sound, SOUND_RATE);
  const cut = clipOf(samples, samplesIn(data.clipMs));
  yield;
  return cut.ok ? { ok: true, features: featuresOfSamples(cut.clip, data) } : cut;
}

/** All steps at once. */
export const exampleOfSound = (sound: Sound, data: ExampleOf): SoundExample => finish(exampleSteps(sound, data));
