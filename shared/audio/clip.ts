import { SOUND_RATE } from './frames.ts';

/** Ten milliseconds: loudness is looked at in pieces of this. */
const PIECE_SAMPLES = SOUND_RATE / 100;
/** A root mean square below this in every piece is silence: 50 dB under the loudest there can be. */
const SILENT_LEVEL = 0.003;
/** Shorter than this no word is. */
const SHORTEST_PIECES = 10;
/** The quietest so many of the pieces are the room, and twice as loud still is: it does not count as sound. */
const ROOM_SHARE = 0.2;
/** Places for the clip that hold nearly as much of the sound as the best one. */
const NEARLY = 0.995;

/** Why there is nothing to learn from in a sound. */
export type ClipProblem = 'silent' | 'too-short';

/**
 * The part of so many samples that holds most of the sound, with the sound in its middle; silence is put around one that
 * is shorter. `samples` are at `SOUND_RATE`.
 */
export function clipOf(
  samples: Float32Array,
  clipSamples: number,
): { readonly ok: true; readonly clip: Float32Array } | { readonly ok: false; readonly problem: ClipProblem } {
  const energies = energiesOf(samples);
  if (energies.length < SHORTEST_PIECES) return { ok: false, problem: 'too-short' };
  const loudest = energies.reduce((most, energy) => Math.max(most, energy), 0);
  if (Math.sqrt(loudest / PIECE_SAMPLES) < SILENT_LEVEL) return { ok: false, problem: 'silent' };

  const start = bestStart(energies, Math.round(clipSamples / PIECE_SAMPLES)) * PIECE_SAMPLES;
  const clip = new Float32Array(clipSamples);
  clip.set(samples.subarray(Math.max(0, start), Math.max(0, start + clipSamples)), Math.max(0, -start));
  return { ok: true, clip };
}

/** Of each piece, without what stands still: some microphones add a constant. */
function energiesOf(samples: Float32Array): Float64Array {
  const energies = new Float64Array(Math.floor(samples.length / PIECE_SAMPLES));
  for (let piece = 0; piece < energies.length; piece++) {
    let [sum, squares] = [0, 0];
    for (let at = piece * PIECE_SAMPLES; at < (piece + 1) * PIECE_SAMPLES; at++) {
      const value = samples[at] as number;
      sum += value;
      squares += value * value;
    }
    energies[piece] = Math.max(0, squares - (sum * sum) / PIECE_SAMPLES);
  }
  return energies;
}

/** The middle of the places, in pieces, that are about as good as the best; below 0 where silence comes first. */
function bestStart(energies: Float64Array, length: number): number {
  const quiet = energies.toSorted()[Math.floor(energies.length * ROOM_SHARE)] ?? 0;
  const sums = new Float64Array(energies.length + 1);
  for (let piece = 0; piece < energies.length; piece++) {
    sums[piece + 1] = (sums[piece] as number) + Math.max(0, (energies[piece] as number) - 2 * quiet);
  }
  const sumTo = (piece: number): number => sums[Math.max(0, Math.min(energies.length, piece))] as number;
  const first = -length;
  const held = Float64Array.from(
    { length: energies.length + length },
    (_, at) => sumTo(first + at + length) - sumTo(first + at),
  );
  const most = held.reduce((best, energy) => Math.max(best, energy), 0);
  const isGood = (energy: number): boolean => energy >= NEARLY * most;
  const from = held.findIndex(isGood);
  let to = from;
  while (to + 1 < held.length && isGood(held[to + 1] as number)) to++;
  return first + Math.floor((from + to) / 2);
}
