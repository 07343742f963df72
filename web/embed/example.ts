import { exampleSteps } from '../../shared/audio/example.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { SoundData } from '../../shared/task/kinds/audio.ts';
import { type CharacterData, characterIndices, columnsOfCharacters } from '../../shared/task/kinds/characters.ts';
import { type ExampleColumns, emptyColumns } from '../../shared/task/kinds/form.ts';
import { type PictureData, type PictureStyle, pictureStyle } from '../../shared/task/kinds/image.ts';
import { type DataOf, formOf, type TaskData } from '../../shared/task/kinds/index.ts';
import { itemFinder, type RatingData } from '../../shared/task/kinds/ratings.ts';
import { encodeCells, encodeTarget, type RowData } from '../../shared/task/kinds/table.ts';
import type { TextData } from '../../shared/task/kinds/text.ts';
import { wordNumbers } from '../../shared/task/kinds/words.ts';
import { type DataFailure, dataFailure } from '../data/failure.ts';
import { inTurns } from '../data/turns.ts';

/** One example as a site gives it: a picture, a row, a text, a sound or a rating, as the task's data are. */
export type Example = PictureExample | RowExample | TextExample | SoundExample | RatingExample;

export interface PictureExample {
  /**
   * Either whole numbers from 0 to 255, row by row, as many as the task's shape has; or a picture (`ImageData`), which
   * is made into an example as the contributor's page does it.
   */
  readonly image: ArrayLike<number> | ImageData;
  /** One of the task's labels, or its index. */
  readonly label: string | number;
}

/** A row of a task on tables: its cells by the names of the columns, the target's among them. */
export interface RowExample {
  readonly row: Readonly<Record<string, string | number | null>>;
}

/** A text of a task on texts with its label; one of a task on characters has none. */
export interface TextExample {
  readonly text: string;
  readonly label?: string | number;
}

/** A sound of a task on sounds; the part of it with most to hear becomes the example, and the sound is not kept. */
export interface SoundExample {
  /** One channel, from −1 to 1: what `AudioBuffer.getChannelData` gives, and its `sampleRate`. */
  readonly sound: { readonly sampleRate: number; readonly samples: ArrayLike<number> };
  /** One of the task's labels, or its index. */
  readonly label: string | number;
}

/** What somebody thinks of one of the task's titles. */
export interface RatingExample {
  readonly title: string;
  /** On the task's scale. */
  readonly rating: number;
}

type Columns = Promise<{ readonly ok: true; readonly columns: ExampleColumns } | DataFailure>;

/** What a site gives as an example, by the kind of the task's data. */
const READERS: { readonly [Kind in TaskData['kind']]: (examples: readonly Example[], data: DataOf<Kind>) => Columns } =
  {
    image: columnsOfPictures,
    table: columnsOfRows,
    text: columnsOfTexts,
    characters: columnsOfCharacterTexts,
    audio: columnsOfSounds,
    ratings: columnsOfRatings,
  };

/** As a dataset takes them; the first example that is none says why. */
export const columnsOfExamples = <Kind extends TaskData['kind']>(
  examples: readonly Example[],
  data: DataOf<Kind> & { readonly kind: Kind },
): Columns => READERS[data.kind](examples, data);

async function columnsOfPictures(examples: readonly Example[], { shape, labels, picture }: PictureData): Columns {
  const size = shape.reduce((product, side) => product * side, 1);
  const columns = { features: new Uint8Array(size * examples.length), targets: new Uint16Array(examples.length) };
  for (const [index, example] of examples.entries()) {
    const bad = (what: string): DataFailure => badExample(index, what);
    if (!('image' in example)) return bad('an example of this task is { image, label }');
    const { image, label } = example;
    const place = placeOf(label, labels);
    if (place === null) return bad(noLabel(label, labels));
    const values = isPicture(image) ? await valuesOf(image, shape, pictureStyle({ shape, picture })) : image;
    if (values === null) return bad('the picture is empty');
    if (values?.length !== size)
      return bad(`an image has ${shape.join(' × ')} values, not ${values?.length ?? 'none'}`);
    if (!areBytes(values)) return bad('values are whole numbers from 0 to 255');
    columns.features.set(values, index * size);
    columns.targets[index] = place;
  }
  return { ok: true, columns };
}

async function columnsOfRows(examples: readonly Example[], data: RowData): Columns {
  const columns = emptyColumns(formOf(data), examples.length);
  const size = columns.features.length / Math.max(1, examples.length);
  for (const [index, example] of examples.entries()) {
    if (!('row' in example) || example.row === null || typeof example.row !== 'object')
      return badExample(index, 'an example of this task is { row: { column: cell } }');
    const { row } = example;
    const cellOf = (name: string): string | undefined => {
      const cell = Object.hasOwn(row, name) ? row[name] : undefined;
      return cell === undefined || cell === null ? undefined : String(cell);
    };
    const { name } = data.target;
    const encoded = encodeCells(
      data,
      data.columns.map((column) => cellOf(column.name)),
    );
    const target = encodeTarget(data, cellOf(name));
    if ('notANumber' in encoded) return badExample(index, `${encoded.notANumber} is not a number`);
    if (target === 'no-target') return badExample(index, `${name} is missing`);
    if (target === 'not-a-number') return badExample(index, `${name} is not a number`);
    if (target === 'unknown-label')
      return badExample(index, `${JSON.stringify(cellOf(name))} is none of the labels ${data.labels?.join(', ')}`);
    columns.features.set(encoded.features, index * size);
    columns.targets[index] = target;
  }
  return { ok: true, columns };
}

async function columnsOfTexts(examples: readonly Example[], data: TextData): Columns {
  const columns = emptyColumns(formOf(data), examples.length);
  for (const [index, example] of examples.entries()) {
    if (!('text' in example) || typeof example.text !== 'string')
      return badExample(index, 'an example of this task is { text, label }');
    const place = placeOf(example.label, data.labels);
    if (place === null) return badExample(index, noLabel(example.label, data.labels));
    const numbers = wordNumbers(example.text, data);
    if (numbers === null) return badExample(index, 'there is no word in the text');
    columns.features.set(numbers, index * data.length);
    columns.targets[index] = place;
  }
  return { ok: true, columns };
}

async function columnsOfSounds(examples: readonly Example[], data: SoundData): Columns {
  const columns = emptyColumns(formOf(data), examples.length);
  const size = columns.features.length / Math.max(1, examples.length);
  for (const [index, example] of examples.entries()) {
    if (!('sound' in example) || typeof example.sound !== 'object' || example.sound === null)
      return badExample(index, 'an example of this task is { sound: { sampleRate, samples }, label }');
    const { sampleRate, samples } = example.sound;
    const place = placeOf(example.label, data.labels);
    if (place === null) return badExample(index, noLabel(example.label, data.labels));
    if (!Number.isInteger(sampleRate) || sampleRate < LIMITS.soundRateLeast || sampleRate > LIMITS.soundRateMost)
      return badExample(index, `sampleRate is from ${LIMITS.soundRateLeast} to ${LIMITS.soundRateMost}`);
    if (!(samples?.length <= sampleRate * LIMITS.soundSeconds))
      return badExample(index, `samples are a list, of ${LIMITS.soundSeconds} seconds at most`);
    const values = Float32Array.from(samples);
    if (!values.every((value) => Math.abs(value) <= 1)) return badExample(index, 'samples are from -1 to 1');
    const made = await inTurns(exampleSteps({ rate: sampleRate, samples: values }, data));
    if (!made.ok) return badExample(index, `the sound is ${made.problem}`);
    columns.features.set(made.features, index * size);
    columns.targets[index] = place;
  }
  return { ok: true, columns };
}

async function columnsOfRatings(examples: readonly Example[], data: RatingData): Columns {
  const columns = emptyColumns(formOf(data), examples.length);
  const find = itemFinder(data);
  for (const [index, example] of examples.entries()) {
    if (!('title' in example) || typeof example.title !== 'string' || typeof example.rating !== 'number')
      return badExample(index, 'an example of this task is { title, rating }');
    const item = find(example.title);
    if (item < 0) return badExample(index, `${JSON.stringify(example.title)} is none of the titles`);
    const { minimum, maximum } = data.scale;
    if (!(example.rating >= minimum && example.rating <= maximum))
      return badExample(index, `a rating is from ${minimum} to ${maximum}`);
    columns.features[index] = item;
    columns.targets[index] = example.rating;
  }
  return { ok: true, columns };
}

/** Each text is as many examples as it has characters, but one. */
async function columnsOfCharacterTexts(examples: readonly Example[], data: CharacterData): Columns {
  const texts: ExampleColumns[] = [];
  let count = 0;
  for (const [index, example] of examples.entries()) {
    if (!('text' in example) || typeof example.text !== 'string')
      return badExample(index, 'an example of this task is { text }');
    const columns = columnsOfCharacters(data, characterIndices(data, example.text));
    if (columns.targets.length === 0) return badExample(index, 'the text has no two characters that the task knows');
    texts.push(columns);
    count += columns.targets.length;
    if (count > LIMITS.examplesPerDatasetCount) return badExample(index, 'that is more than one browser keeps');
  }
  const columns = emptyColumns(formOf(data), count);
  let at = 0;
  for (const { features, targets } of texts) {
    columns.features.set(features, at * data.length);
    columns.targets.set(targets, at);
    at += targets.length;
  }
  return { ok: true, columns };
}

function placeOf(label: string | number | undefined, labels: readonly string[]): number | null {
  const place = typeof label === 'number' ? label : labels.indexOf(label ?? '');
  return Number.isInteger(place) && place >= 0 && place < labels.length ? place : null;
}

const noLabel = (label: unknown, labels: readonly string[]): string =>
  `${JSON.stringify(label)} is none of the labels ${labels.join(', ')}, nor the index of one`;

const badExample = (index: number, what: string): DataFailure =>
  dataFailure('bad-examples', `Example ${index}: ${what}.`);

const isPicture = (image: PictureExample['image']): image is ImageData =>
  typeof image === 'object' && image !== null && 'width' in image && 'data' in image;

async function valuesOf(
  { width, height, data }: ImageData,
  shape: readonly number[],
  style: PictureStyle,
): Promise<Uint8Array | null> {
  if (width < 1 || height < 1 || data.length !== width * height * 4) return null;
  const { exampleOfPicture } = await import('../data/import/picture.ts');
  return exampleOfPicture({ width, height, data: new Uint8ClampedArray(data) }, shape, style);
}

function areBytes(values: ArrayLike<number>): boolean {
  if (values instanceof Uint8Array || values instanceof Uint8ClampedArray) return true;
  return Array.from(values).every((value) => Number.isInteger(value) && value >= 0 && value <= 255);
}
