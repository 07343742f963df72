import { expect, test } from 'vitest';
import { LIMITS } from '../../../shared/limits.ts';
import { nextCharacter } from '../../../shared/task/templates/next-character.ts';
import { readCharacterFile, readCharacters } from './character-file.ts';

const data = { ...nextCharacter.data, length: 2 };

test('a text becomes an example for each of its characters but the first', async () => {
  const examples = { features: Int32Array.of(0, 1, 1, 27), targets: Uint16Array.of(26, 1) };
  expect(readCharacters(data, 'A\nb')).toEqual({ ok: true, examples });
  expect(await readCharacterFile(data, new Blob(['\ufeffA b']))).toEqual({ ok: true, examples });
});

test.each([
  ['nothing', '', 'no-rows'],
  ['one character', '?a', 'no-rows'],
  ['zeros', new Uint8Array(9), 'no-table'],
  ['bytes that are no text', Uint8Array.of(97, 0xff, 0xfe, 98), 'no-table'],
  ['more than one browser keeps', 'ab'.repeat(LIMITS.examplesPerDatasetCount), 'too-many'],
  ['more than is read', new Uint8Array(LIMITS.textFileBytes + 1), 'too-large'],
] as const)('a file of %s is refused whole', async (_, content, reason) => {
  expect(await readCharacterFile(data, new Blob([content]))).toEqual({ ok: false, reason });
});

test('a file that is gone is said', async () => {
  const gone = new Blob(['ab']);
  gone.text = () => Promise.reject(new DOMException('gone', 'NotFoundError'));
  expect(await readCharacterFile(data, gone)).toEqual({ ok: false, reason: 'unreadable' });
});
