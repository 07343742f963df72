import { LIMITS } from '../limits.ts';
import { finish, type Steps } from '../steps.ts';

/** One channel of sound: samples from −1 to 1, so many in a second. */
export interface Sound {
  readonly rate: number;
  readonly samples: Float32Array;
}

/** Why a WAV file gives no sound. */
export type WavProblem =
  | 'not-wav' // it is something else, which a browser may know
  | 'damaged' // its header contradicts itself or its length
  | 'unsupported' // compressed, or a number of bits or channels that is not read here
  | 'too-long';

type Reader = (view: DataView, at: number) => number;

interface Format {
  readonly rate: number;
  readonly channels: number;
  readonly bytes: number;
  readonly read: Reader;
}

export type WavRead =
  | { readonly ok: true; readonly sound: Sound }
  | { readonly ok: false; readonly problem: WavProblem };

/** Values that are read in one step. */
const STEP_VALUES = 65_536;

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/** By format and bits: one sample as a number from −1 to 1, little-endian. */
const READERS: Readonly<Record<string, Reader>> = {
  [`${PCM} 8`]: (view, at) => (view.getUint8(at) - 128) / 128,
  [`${PCM} 16`]: (view, at) => view.getInt16(at, true) / 0x8000,
  [`${PCM} 24`]: (view, at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 0x800000,
  [`${PCM} 32`]: (view, at) => view.getInt32(at, true) / 0x80000000,
  [`${FLOAT} 32`]: (view, at) => view.getFloat32(at, true),
  [`${FLOAT} 64`]: (view, at) => view.getFloat64(at, true),
};

/**
 * The sound of a WAV file (Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0", 1991,
 * RIFF; WAVE_FORMAT_EXTENSIBLE as in Microsoft's "Multiple channel audio data"), its channels mixed into one. PCM of 8
 * to 32 bits and floats. A header is never believed about lengths: nothing is allocated beyond what the bytes hold.
 */
export function* wavSteps(bytes: Uint8Array): Steps<WavRead> {
  const no = (problem: WavProblem) => ({ ok: false, problem }) as const;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 12 || tagAt(view, 0) !== 'RIFF' || tagAt(view, 8) !== 'WAVE') return no('not-wav');
  let format: Format | 'damaged' | 'unsupported' | null = null;
  for (let at = 12; at + 8 <= bytes.byteLength; ) {
    const [id, size, from] = [tagAt(view, at), view.getUint32(at + 4, true), at + 8];
    // Programs that write to a pipe cannot know the length yet and put a large number there.
    const length = Math.min(size, bytes.byteLength - from);
    if (id === 'fmt ') format = formatAt(view, from, length);
    else if (id === 'data') {
      if (format === null) return no('damaged');
      if (typeof format === 'string') return no(format);
      return yield* soundOf(view, from, length, format);
    }
    // Chunks begin on even places.
    at = from + size + (size % 2);
  }
  return no(typeof format === 'string' ? format : 'damaged');
}

/** All steps at once. */
export const readWav = (bytes: Uint8Array): WavRead => finish(wavSteps(bytes));

const tagAt = (view: DataView, at: number): string =>
  String.fromCharCode(...[0, 1, 2, 3].map((place) => view.getUint8(at + place)));

function formatAt(view: DataView, at: number, length: number): Format | 'damaged' | 'unsupported' {
  if (length < 16) return 'damaged';
  const stated = view.getUint16(at, true);
  // The real format is the beginning of a long name.
  const format = stated === EXTENSIBLE && length >= 26 ? view.getUint16(at + 24, true) : stated;
  const [channels, rate] = [view.getUint16(at + 2, true), view.getUint32(at + 4, true)];
  const [frameBytes, bits] = [view.getUint16(at + 12, true), view.getUint16(at + 14, true)];
  const read = READERS[`${format} ${bits}`];
  if (read === undefined || channels < 1 || channels > 8) return 'unsupported';
  if (rate < LIMITS.soundRateLeast || rate > LIMITS.soundRateMost) return 'unsupported';
  return frameBytes === (channels * bits) / 8 ? { rate, channels, bytes: bits / 8, read } : 'damaged';
}

function* soundOf(view: DataView, from: number, length: number, format: Format): Steps<WavRead> {
  const { rate, channels, bytes } = format;
  const count = Math.floor(length / (channels * bytes));
  if (count > rate * LIMITS.soundSeconds) return { ok: false, problem: 'too-long' };
  const samples = new Float32Array(count);
  const step = Math.ceil(STEP_VALUES / channels);
  for (let index = 0; index < count; index += step) {
    const part = samples.subarray(index, index + step);
    if (!mix(view, from + index * channels * bytes, format, part)) return { ok: false, problem: 'damaged' };
    yield;
  }
  return { ok: true, sound: { rate, samples } };
}

/** The mean of the channels into each of `samples`; false where a value is no number. */
function mix(view: DataView, from: number, { channels, bytes, read }: Format, samples: Float32Array): boolean {
  for (let index = 0, at = from; index < samples.length; index++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++, at += bytes) sum += read(view, at);
    const mean = sum / channels;
    if (!Number.isFinite(mean)) return false;
    samples[index] = Math.max(-1, Math.min(1, mean));
  }
  return true;
}
