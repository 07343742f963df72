import { expect, it } from 'vitest';
import { nextCharacter } from '../templates/next-character.ts';
import { characterIndices, characters, charactersOf, columnsOfCharacters, windowBefore } from './characters.ts';
import { labelsOf } from './index.ts';
import { kindContract } from './kind.contract.ts';

kindContract(nextCharacter.data, [
  ['data.alphabet', { alphabet: 'a' }],
  ['data.alphabet', { alphabet: '🙂' }],
  ['data.alphabet', { alphabet: 'abca' }],
  ['data.alphabet', { alphabet: 'abC' }],
  ['data.length', { length: 0 }],
  ['data.length', { length: 1e6 }],
  ['data.sample', { sample: 'trips' }],
]);

const data = { kind: 'characters', alphabet: 'ab c🙂', length: 3 } as const;

it('has a number for each character and one for what is before the text, and a class for each', () => {
  expect(characters.form(data)).toEqual({
    shape: [3],
    features: { type: 'int32', below: 6 },
    target: { type: 'class', count: 5 },
  });
  expect(labelsOf(data)).toEqual(['a', 'b', '␣', 'c', '🙂']);
});

it('reads text in lower case; what the alphabet has not is a space, and several are one', () => {
  expect(characterIndices(data, ' A-x9 b🙂')).toEqual([0, 2, 1, 4]);
  expect(characterIndices({ alphabet: 'ab' }, 'a-b c')).toEqual([0, 1]);
});

it('makes an example of each character but the first, of what stands before it', () => {
  expect(columnsOfCharacters(data, [0, 1, 2, 3, 0])).toEqual({
    features: Int32Array.of(0, 0, 1, 0, 1, 2, 1, 2, 3, 2, 3, 4),
    targets: Uint16Array.of(1, 2, 3, 0),
  });
  expect(columnsOfCharacters(data, [0]).targets.length).toBe(0);
  expect(windowBefore(data, [0, 1], 2)).toEqual(Int32Array.of(0, 1, 2));
});

it('can be read again by people', () => {
  expect(charactersOf(data, Int32Array.of(0, 2, 5))).toBe('b🙂');
});
