import { expect, test } from 'vitest';
import { LIMITS } from '../../../shared/limits.ts';
import { text } from '../../../shared/task/kinds/text.ts';
import { wordNumbers } from '../../../shared/task/kinds/words.ts';
import { text as template } from '../../../shared/task/templates/text.ts';
import { lineReader } from './lines.ts';
import { textRows } from './row-reader.ts';
import { readLines, readTable } from './table-file.ts';

const { data } = template;
const form = text.form(data);
const reader = () => {
  const heard: string[] = [];
  return { heard, rows: textRows(data, (one) => heard.push(one)) };
};
const featuresOf = (...texts: string[]): Int32Array =>
  Int32Array.from(texts.flatMap((one) => [...(wordNumbers(one, data) ?? [])]));

test('lines are rows, whatever ends them and wherever the pieces are cut', () => {
  const lines = lineReader();
  expect(lines.push('\ufeffone\r\n\n tw')).toEqual([['one']]);
  expect(lines.push('o\rthree, with a comma')).toEqual([['two']]);
  expect(lines.end()).toEqual([['three, with a comma']]);
  expect(lineReader().push('x'.repeat(LIMITS.tableLineCharacters + 1))).toBe('too-long');
});

test('a file of lines becomes texts of one label; lines without a word are left out', async () => {
  const { heard, rows } = reader();
  const read = await readLines(new Blob(['a small bird\n???\nA big cat']), rows, form, 'animal');
  expect(read).toMatchObject({
    ok: true,
    examples: { features: featuresOf('a small bird', 'a big cat'), targets: Uint16Array.of(0, 0) },
    report: { kept: 2, leftOut: { 'no-words': 1 } },
  });
  expect(heard).toEqual(['a small bird', 'A big cat']);
});

test('a file with the labels in a column becomes texts of those; others are left out', async () => {
  const csv = 'what,definition\nplant,"a tree, tall"\nmineral,a stone\n,a fish\nfood,""\nfood,warm bread\n';
  const choice = { columns: [1], target: 0 };
  expect(await readTable(new Blob([csv]), reader().rows, form, choice)).toMatchObject({
    ok: true,
    examples: { features: featuresOf('a tree tall', 'warm bread'), targets: Uint16Array.of(1, 2) },
    report: { kept: 2, leftOut: { 'unknown-label': 1, 'no-target': 1, 'no-words': 1 } },
  });
});

test('a million lines, a file of no use and one without lines are refused whole', async () => {
  const lines = (content: BlobPart) => readLines(new Blob([content]), reader().rows, form, 'food');
  expect(await lines('a\n'.repeat(1_000_000))).toEqual({ ok: false, reason: 'too-many' });
  expect(await lines('!\n?\n')).toEqual({ ok: false, reason: 'no-rows' });
  expect(await lines(new Uint8Array(2_000_000))).toEqual({ ok: false, reason: 'no-table' });
});
