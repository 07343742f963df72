import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { movielensBy } from './movielens.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fedtab-rscript-'));
});
afterEach(() => rm(folder, { recursive: true }));

const { data } = TEMPLATES.movies;
const ofTitles = (count: number) => ({
  ...data,
  items: Array.from({ length: count }, (_, index) => `Title ${index}`),
});

test('without R there are none, nor for a task of another kind or of other titles', async () => {
  const absent = movielensBy(() => null);
  expect([absent.isInstalled(), await absent.openTraining(data), await absent.readHeldOut(data)]).toEqual([
    false,
    null,
    null,
  ]);
  expect(await movielensBy(() => '/bin/false').openTraining(TEMPLATES.digits.data)).toBeNull();
});

test('however many tasks of however many titles ask, one R runs at a time, and one that fails is no end for the others', async () => {
  const program = join(folder, 'Rscript');
  const [noted, gate] = [join(folder, 'noted'), join(folder, 'gate')];
  execFileSync('mkfifo', [gate]);
  // In the place of R: notes when it begins and ends, stays for two titles until it is let go, and fails for three.
  const lines = [
    '#!/bin/sh',
    'test "$1" = --no-init-file && test "$PWD" = "$3" || exit 1',
    `echo "begin $4" >> '${noted}'`,
    'echo \'{ "data": { "items": [] } }\' > "$3/task.json"',
    'echo person,item,rating > "$3/ratings.csv"',
    `test "$4" != 2 || cat '${gate}'`,
    `echo "end $4" >> '${noted}'`,
    'test "$4" != 3',
  ];
  await writeFile(program, lines.join('\n'));
  await chmod(program, 0o755);
  const source = movielensBy(() => program);
  const asked = [2, 3, 4, 2, 4].map((titles) => source.openTraining(ofTitles(titles)));
  const answers = Promise.allSettled(asked);
  // Another server's, begun last: by its end all that were to begin have begun.
  await movielensBy(() => program).openTraining(ofTitles(9));
  const runs = async () => (await readFile(noted, 'utf8')).trim().split('\n');
  expect((await runs()).filter((line) => /[34]$/.test(line))).toEqual([]);
  await writeFile(gate, '');
  expect((await answers).map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, true, true]);
  expect((await runs()).filter((line) => !line.endsWith('9'))).toEqual(
    [2, 3, 4].flatMap((titles) => [`begin ${titles}`, `end ${titles}`]),
  );
});
