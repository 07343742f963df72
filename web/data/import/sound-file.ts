import { exampleSteps } from '../../../shared/audio/example.ts';
import { SOUND_RATE } from '../../../shared/audio/frames.ts';
import { type Sound, wavSteps } from '../../../shared/audio/wav.ts';
import { LIMITS } from '../../../shared/limits.ts';
import type { Steps } from '../../../shared/steps.ts';
import type { SoundData } from '../../../shared/task/kinds/audio.ts';
import { inTurns } from '../turns.ts';

/** Why a file gives no example; each has a sentence in the dictionaries. */
export const SOUND_FAILURES = [
  'not-sound', // nothing that this browser plays, or damaged
  'too-large', // of bytes
  'too-long', // of seconds
  'too-short',
  'silent',
] as const;
export type SoundFailure = (typeof SOUND_FAILURES)[number];

/** Samples that are mixed in one step. */
const STEP_SAMPLES = 65_536;

type Read<Value> = ({ readonly ok: true } & Value) | { readonly ok: false; readonly reason: SoundFailure };

/** What the model sees of a file that a person chose, made while the page goes on. The file leaves nothing behind. */
export async function readSoundFile(file: Blob, data: SoundData): Promise<Read<{ readonly features: Uint8Array }>> {
  const read = await soundIn(file);
  if (!read.ok) return read;
  const example = await inTurns(exampleSteps(read.sound, data));
  return example.ok ? example : { ok: false, reason: example.problem };
}

async function soundIn(file: Blob): Promise<Read<{ readonly sound: Sound }>> {
  if (file.size > LIMITS.soundFileBytes) return { ok: false, reason: 'too-large' };
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    return { ok: false, reason: 'not-sound' };
  }
  const read = await inTurns(wavSteps(bytes));
  if (read.ok) return read;
  if (read.problem === 'too-long') return { ok: false, reason: 'too-long' };
  if (read.problem === 'damaged') return { ok: false, reason: 'not-sound' };
  return file.size > LIMITS.packedSoundFileBytes ? { ok: false, reason: 'too-large' } : decode(file, bytes);
}

/** By the browser's own decoders, at the rate that features are made of. */
async function decode(file: Blob, bytes: Uint8Array<ArrayBuffer>): Promise<Read<{ readonly sound: Sound }>> {
  // A packed file of little can be hours of nothing, which would all be unpacked.
  const seconds = await statedSeconds(file);
  if (seconds === null) return { ok: false, reason: 'not-sound' };
  if (seconds > LIMITS.soundSeconds) return { ok: false, reason: 'too-long' };
  try {
    const decoded = await new OfflineAudioContext(1, 1, SOUND_RATE).decodeAudioData(bytes.buffer);
    if (decoded.duration > LIMITS.soundSeconds) return { ok: false, reason: 'too-long' };
    return { ok: true, sound: await inTurns(mixed(decoded)) };
  } catch {
    return { ok: false, reason: 'not-sound' };
  }
}

function* mixed(buffer: AudioBuffer): Steps<Sound> {
  const samples = new Float32Array(buffer.length);
  for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
    const values = buffer.getChannelData(channel);
    for (let at = 0; at < samples.length; at++) {
      samples[at] = (samples[at] as number) + (values[at] as number) / buffer.numberOfChannels;
      if (at % STEP_SAMPLES === 0) yield;
    }
  }
  return { rate: buffer.sampleRate, samples };
}

/** How long the file says that it is: 0 where it does not say (recordings of browsers), null where it is no sound. */
function statedSeconds(file: Blob): Promise<number | null> {
  const player = new Audio();
  const address = URL.createObjectURL(file);
  return new Promise<number | null>((resolve) => {
    player.onloadedmetadata = () => resolve(Number.isFinite(player.duration) ? player.duration : 0);
    player.onerror = () => resolve(null);
    player.preload = 'metadata';
    player.src = address;
  }).finally(() => {
    player.removeAttribute('src');
    URL.revokeObjectURL(address);
  });
}
