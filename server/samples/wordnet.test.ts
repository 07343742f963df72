import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { charactersOf } from '../../shared/task/kinds/characters.ts';
import { wordNumbers } from '../../shared/task/kinds/words.ts';
import { digits } from '../../shared/task/templates/digits.ts';
import { nextCharacter } from '../../shared/task/templates/next-character.ts';
import { text } from '../../shared/task/templates/text.ts';
import { definitionIn, wordnet, wordnetSource } from './wordnet.ts';

const line = (subject: string, gloss: string) => `01234567 ${subject} n 01 wren 0 001 @ 01503061 n 0000 | ${gloss}  `;

test('a line of the file is a definition of one of six subjects, or none', () => {
  expect(definitionIn(line('05', 'a small brown bird; sings; "the wren sang"'))).toEqual({
    subject: 'animal',
    text: 'a small brown bird; sings',
  });
  expect(definitionIn(line('15', 'a city in northern France'))?.subject).toBe('place');
  expect(definitionIn(line('09', 'an idea that is clear'))).toBeNull();
  expect(definitionIn(line('05', 'a wren'))).toBeNull();
  expect(definitionIn('  5 Permission to use, copy, modify | and distribute')).toBeNull();
});

test('each definition has the label of its subject, wherever that stands among the labels', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'fedtab-wordnet-')), 'data.noun');
  writeFileSync(path, `${line('05', 'a small brown bird')}\n${line('06', 'a tool that cuts')}\n`);
  const held = await wordnetSource(() => path).readHeldOut({ ...text.data, labels: text.data.labels.toReversed() });
  const rows = Array.from(held?.targets ?? [], (target, row) => [
    target,
    held?.features.slice(row * 24, row * 24 + 24),
  ]);
  expect(rows).toEqual([
    [5, wordNumbers('a small brown bird', text.data)],
    [0, wordNumbers('a tool that cuts', text.data)],
  ]);
});

test('12,000 definitions to learn from and 1,200 to score on, as many of each subject, none in both', async () => {
  const training = await wordnet.openTraining(text.data);
  const all = await training?.readAll();
  const held = await wordnet.readHeldOut(text.data);
  expect([training?.count, held?.targets.length]).toEqual([12_000, 1_200]);
  const counts = (targets: Iterable<number>): number[] =>
    [...targets].reduce((sum, target) => sum.with(target, (sum[target] ?? 0) + 1), new Array<number>(6).fill(0));
  expect(counts(all?.targets ?? [])).toEqual(new Array(6).fill(2_000));
  expect(counts(held?.targets ?? [])).toEqual(new Array(6).fill(200));
  const rows = (columns: typeof held): string[] =>
    Array.from(columns?.targets ?? [], (_, row) => columns?.features.subarray(row * 24, row * 24 + 24).join() ?? '');
  const known = new Set(rows(all ?? null));
  // A few differ only in what is no word, or share all their buckets.
  expect(rows(held).filter((row) => known.has(row)).length).toBeLessThan(10);
});

test('60,000 places in definitions, each with what stands before it', async () => {
  const { data } = nextCharacter;
  const training = await wordnet.openTraining(data);
  const held = await wordnet.readHeldOut(data);
  expect([training?.count, held?.targets.length]).toEqual([60_000, 2_000]);
  const two = await training?.read(Uint32Array.of(0, 1));
  const shown = [0, 1].map((row) => [
    charactersOf(data, two?.features.subarray(row * 10, row * 10 + 10) ?? []),
    data.alphabet[two?.targets[row] ?? -1],
  ]);
  expect(shown).toEqual([
    ['es and cel', 'e'],
    ['central il', 'l'],
  ]);
});

test('tasks of another kind or with other labels get none, nor does a machine without the package', async () => {
  expect(await wordnet.openTraining(digits.data)).toBeNull();
  expect(await wordnet.readHeldOut({ ...text.data, labels: ['animal', 'plant'] })).toBeNull();
  const absent = wordnetSource(() => null);
  expect([absent.isInstalled(), await absent.openTraining(text.data)]).toEqual([false, null]);
});
