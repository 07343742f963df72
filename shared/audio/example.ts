import type { SoundData } from '../task/kinds/audio.ts';
import { type ClipProblem, clipOf } from './clip.ts';
import { SOUND_RATE, samplesIn } from './frames.ts';
import { bytesOfLevels, logMel } from './log-mel.ts';
import { resample } from './resample.ts';
import type { Sound } from './wav.ts';

type WindowsOf = Pick<SoundData, 'hopMs' | 'bands'>;

/** What the model gets of samples at `SOUND_RATE`, as many windows as there are: a byte for each band of each. */
export const featuresOfSamples = (samples: Float32Array, { hopMs, bands }: WindowsOf): Uint8Array =>
  bytesOfLevels(logMel(samples, { hopSamples: samplesIn(hopMs), bands }));

/** One example of a sound: of a longer one the part with most to hear. */
export function exampleOfSound(
  sound: Sound,
  data: WindowsOf & Pick<SoundData, 'clipMs'>,
): { readonly ok: true; readonly features: Uint8Array } | { readonly ok: false; readonly problem: ClipProblem } {
  const cut = clipOf(resample(sound, SOUND_RATE), samplesIn(data.clipMs));
  return cut.ok ? { ok: true, features: featuresOfSamples(cut.clip, data) } : cut;
}
