import { exampleOfSound } from '../../shared/audio/example.ts';
import { SOUND_RATE, samplesIn } from '../../shared/audio/frames.ts';
import { resample } from '../../shared/audio/resample.ts';
import type { Sound } from '../../shared/audio/wav.ts';
import { type Rng, seededRng } from '../../shared/rng.ts';
import { KEYWORDS, type SoundData } from '../../shared/task/kinds/audio.ts';
import { type ExampleColumns, emptyColumns, exampleSize, rowsOf } from '../../shared/task/kinds/form.ts';
import { formOf, type TaskData } from '../../shared/task/kinds/index.ts';
import { findEspeak, type Manner, speak } from './espeak.ts';
import type { SampleSource } from './source.ts';

/** Voices of `espeak-ng` as it names them, accent and speaker. Nobody who is heard in training is heard in the scores. */
const TRAINING = voices(['en-us', 'en-gb', 'en-gb-scotland', 'en-gb-x-rp'], ['f1', 'f2', 'f5', 'm1', 'm3', 'm7']);
const HELD_OUT = voices(['en-us', 'en-gb-x-gbclan'], ['f3', 'f4', 'm2', 'm4']);

/** Each voice says every word in each of these ways. */
const MANNERS: readonly Manner[] = [
  { speed: 1, pitch: 1 },
  { speed: 0.8, pitch: 0.85 },
  { speed: 1.25, pitch: 1.1 },
  { speed: 0.9, pitch: 1.2 },
  { speed: 1.1, pitch: 0.9 },
];
const PER_VOICE = KEYWORDS.length * MANNERS.length;
/** Seeds the hiss of the n-th voice. */
const HISS = { training: 20_260_201, heldOut: 20_260_202 } as const;
/** Of every recording, its largest value: that of a quiet room. */
const [HISS_LEAST, HISS_MOST] = [0.001, 0.02];
/** Voices kept in memory, of all tasks together, 60 kB each. */
const VOICES_KEPT = 128;

function voices(accents: readonly string[], speakers: readonly string[]): readonly string[] {
  return accents.flatMap((accent) => speakers.map((speaker) => `${accent}+${speaker}`));
}

/** A second of a quiet room, or as long as the clip is, with the word somewhere in it. */
function recorded(word: Sound, clipMs: number, rng: Rng): Sound {
  const samples = resample(word, SOUND_RATE);
  const level = HISS_LEAST * (HISS_MOST / HISS_LEAST) ** rng.uniform();
  const room = new Float32Array(Math.max(samples.length, samplesIn(clipMs)));
  for (let at = 0; at < room.length; at++) room[at] = level * (rng.uint32() / 0x80000000 - 1);
  const start = rng.below(room.length - samples.length + 1);
  for (let at = 0; at < samples.length; at++) room[start + at] = (room[start + at] as number) + (samples[at] as number);
  return { rate: SOUND_RATE, samples: room };
}

/** All that one voice says: every word once before any for the second time. */
async function spoken(program: string, data: SoundData, voice: string, rng: Rng): Promise<ExampleColumns> {
  const said = MANNERS.flatMap((manner) => KEYWORDS.map((word) => ({ ...manner, word })));
  const sounds = await speak(program, voice, said);
  const form = formOf(data);
  const columns = emptyColumns(form, said.length);
  for (const [row, sound] of sounds.entries()) {
    const example = exampleOfSound(recorded(sound, data.clipMs, rng), data);
    if (!example.ok) throw new Error(`${voice} says "${said[row]?.word}" ${example.problem}`);
    columns.features.set(example.features, row * exampleSize(form));
    columns.targets[row] = data.labels.indexOf(said[row]?.word ?? '');
  }
  return columns;
}

const isOfKeywords = (data: TaskData): data is SoundData =>
  data.kind === 'audio' && KEYWORDS.every((word) => data.labels.includes(word));

/** Words spoken by `program`, voice by voice as they are asked for; the same for everybody with the same version of it. */
export function keywordsBy(find: () => string | null): SampleSource {
  const known = new Map<string, Promise<ExampleColumns>>();

  function voice(program: string, data: SoundData, part: 'training' | 'heldOut', index: number) {
    const name = (part === 'training' ? TRAINING : HELD_OUT)[index] ?? '';
    const key = JSON.stringify([part, index, data]);
    let columns = known.get(key);
    if (columns === undefined) {
      columns = spoken(program, data, name, seededRng(HISS[part], index));
      columns.catch(() => known.delete(key));
      if (known.size >= VOICES_KEPT) known.clear();
      known.set(key, columns);
    }
    return columns;
  }

  /** One voice after the other: a server has something else to do, too. */
  async function every(program: string, data: SoundData, part: 'training' | 'heldOut'): Promise<ExampleColumns> {
    const parts: ExampleColumns[] = [];
    const count = (part === 'training' ? TRAINING : HELD_OUT).length;
    for (let index = 0; index < count; index++) parts.push(await voice(program, data, part, index));
    return joined(parts, data);
  }

  return {
    isInstalled: () => find() !== null,
    async openTraining(data) {
      const program = find();
      if (program === null || !isOfKeywords(data)) return null;
      const form = formOf(data);
      return {
        count: TRAINING.length * PER_VOICE,
        perPerson: PER_VOICE,
        async read(indices) {
          const rows: ExampleColumns[] = [];
          for (const index of indices) {
            const own = await voice(program, data, 'training', Math.floor(index / PER_VOICE));
            rows.push(rowsOf(own, form, Uint32Array.of(index % PER_VOICE)));
          }
          return joined(rows, data);
        },
        readAll: () => every(program, data, 'training'),
        close: async () => {},
      };
    },
    async readHeldOut(data) {
      const program = find();
      return program !== null && isOfKeywords(data) ? every(program, data, 'heldOut') : null;
    },
  };
}

function joined(parts: readonly ExampleColumns[], data: SoundData): ExampleColumns {
  const form = formOf(data);
  const all = emptyColumns(
    form,
    parts.reduce((sum, { targets }) => sum + targets.length, 0),
  );
  let row = 0;
  for (const { features, targets } of parts) {
    all.features.set(features, row * exampleSize(form));
    all.targets.set(targets, row);
    row += targets.length;
  }
  return all;
}

export const keywords = keywordsBy(findEspeak);
