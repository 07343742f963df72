import * as v from 'valibot';
import type { Problem } from '../../errors.ts';
import { type ExampleColumns, emptyColumns } from './form.ts';
import type { DataKind } from './kind.ts';

const schema = v.strictObject({
  kind: v.literal('characters'),
  /** The characters that there are, each once; the model has an output for each, in this order. */
  alphabet: v.pipe(v.string(), v.minLength(2), v.maxLength(400)),
  /** Characters that the model sees before the one that it is to tell. */
  length: v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1), v.maxValue(256)),
  /** Which sample data the server can hand out and score on; none: the contributors bring all there is. */
  sample: v.optional(v.picklist(['wordnet'])),
});
export type CharacterData = v.InferOutput<typeof schema>;

/** How a space is written where it stands alone. */
export const SPACE = '␣';

/**
 * Text, and of each place in it which character comes next. An example is the numbers of the characters before that
 * place: 1 + the place in the alphabet, and 0 before the text begins.
 */
export const characters = {
  schema,
  form: (data) => {
    const count = [...data.alphabet].length;
    return { shape: [data.length], features: { type: 'int32', below: count + 1 }, target: { type: 'class', count } };
  },
  labels: ({ alphabet }) => [...alphabet].map((character) => (character === ' ' ? SPACE : character)),
  problems: ({ alphabet }): readonly Problem[] => {
    const all = [...alphabet];
    const no = (message: string): Problem => ({ path: 'data.alphabet', message });
    return [
      ...(all.length > 1 ? [] : [no('has two characters or more')]),
      ...(new Set(all).size === all.length ? [] : [no('has each character once')]),
      ...(alphabet === folded(alphabet) ? [] : [no('is in lower case: so is every text before it is read')]),
    ];
  },
} satisfies DataKind<CharacterData>;

const folded = (text: string): string => text.normalize('NFKC').toLowerCase();

/**
 * A text as indices into the alphabet. What is not in the alphabet becomes a space, and several spaces one; where the
 * alphabet has no space both are left out.
 */
export function characterIndices({ alphabet }: Pick<CharacterData, 'alphabet'>, text: string): readonly number[] {
  const places = new Map([...alphabet].map((character, place) => [character, place]));
  const space = places.get(' ');
  const indices: number[] = [];
  for (const character of folded(text)) {
    const place = places.get(character) ?? space;
    if (place !== undefined && (place !== space || (indices.length > 0 && indices.at(-1) !== space))) {
      indices.push(place);
    }
  }
  return indices;
}

/** What stands before place `at` of a text: as many numbers as the model sees. */
export function windowBefore({ length }: Pick<CharacterData, 'length'>, indices: readonly number[], at: number) {
  const features = new Int32Array(length);
  for (let back = 1; back <= Math.min(length, at); back++) features[length - back] = 1 + (indices[at - back] as number);
  return features;
}

/** One example for each character of the text but the first, before which there is nothing to go by. */
export function columnsOfCharacters(data: CharacterData, indices: readonly number[]): ExampleColumns {
  const columns = emptyColumns(characters.form(data), Math.max(0, indices.length - 1));
  for (let at = 1; at < indices.length; at++) {
    columns.features.set(windowBefore(data, indices, at), (at - 1) * data.length);
    columns.targets[at - 1] = indices[at] as number;
  }
  return columns;
}

/** The characters that an example's numbers stand for. */
export function charactersOf({ alphabet }: Pick<CharacterData, 'alphabet'>, features: ArrayLike<number>): string {
  const all = [...alphabet];
  return Array.from(features, (number) => all[number - 1] ?? '').join('');
}
