import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { readWav, type Sound } from '../../shared/audio/wav.ts';
import { findProgram } from './find-program.ts';

/** The program `espeak-ng`, or null where it is not installed. */
export const findEspeak = (path?: string): string | null => findProgram('espeak-ng', path);

/** How a word is said: shares of the voice's own speed and pitch. */
export interface Manner {
  readonly speed: number;
  readonly pitch: number;
}

export interface Utterance extends Manner {
  readonly word: string;
}

/** Speaking takes a tenth of a second. */
const TIMEOUT_MS = 30_000;
const OUTPUT_BYTES = 32 * 1024 * 1024;
/** Between two words; no word has a pause of a third of it inside. */
const BREAK_MS = 600;
/** What a word is told from nothing by: the silence between words has no noise at all. */
const AUDIBLE = 0.003;

const run = promisify(execFile);

/** All words in one breath of the program, cut apart where it pauses. Words are plain letters. */
export async function speak(program: string, voice: string, said: readonly Utterance[]): Promise<readonly Sound[]> {
  const text = said.map(({ word, speed, pitch }) => {
    const [rate, height] = [Math.round(100 * speed), Math.round(100 * (pitch - 1))];
    const prosody = `rate="${rate}%" pitch="${height < 0 ? '' : '+'}${height}%"`;
    return `<prosody ${prosody}>${word}</prosody><break time="${BREAK_MS}ms"/>`;
  });
  const args = ['-m', '-v', voice, '--stdout', `<speak>${text.join('')}</speak>`];
  const { stdout } = await run(program, args, { encoding: 'buffer', timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES });
  const read = readWav(stdout);
  if (!read.ok) throw new Error(`espeak-ng gave no WAV file: ${read.problem}`);
  const words = wordsIn(read.sound);
  if (words.length !== said.length) throw new Error(`espeak-ng said ${words.length} words of ${said.length}`);
  return words;
}

function wordsIn({ rate, samples }: Sound): readonly Sound[] {
  const pause = (rate * BREAK_MS) / 3_000;
  const words: Sound[] = [];
  let from = -1;
  let last = -1;
  for (let at = 0; at <= samples.length; at++) {
    if (at < samples.length && Math.abs(samples[at] as number) > AUDIBLE) {
      if (from < 0) from = at;
      last = at;
    } else if (from >= 0 && (at === samples.length || at - last > pause)) {
      words.push({ rate, samples: samples.slice(from, last + 1) });
      from = -1;
    }
  }
  return words;
}
