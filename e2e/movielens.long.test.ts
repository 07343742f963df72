import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { movielens } from '../server/samples/movielens.ts';
import { formOf } from '../shared/task/kinds/index.ts';
import { taskFromTemplate } from '../shared/task/parse.ts';
import { ratingRows } from '../web/data/import/row-reader.ts';
import { matchColumns, readTable, readTableHead } from '../web/data/import/table-file.ts';
import { convertMovielens } from './fixtures/movielens.ts';
import { gapOf } from './sim/gap.ts';

const folder = mkdtempSync(join(tmpdir(), 'fedtab-movielens-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('movielens.R makes a task that is accepted, and a file for each person of which every rating is read', async () => {
  expect(convertMovielens(folder)).toBe('200 titles, 27206 ratings, 430 people');
  const { template, ...overrides } = JSON.parse(readFileSync(join(folder, 'task.json'), 'utf8'));
  const task = taskFromTemplate(template, overrides);
  if (!task.ok) throw new Error(JSON.stringify(task));
  const { data } = task.value;
  if (data.kind !== 'ratings') throw new Error(data.kind);
  expect(data.items).toHaveLength(200);
  const reader = ratingRows(data);
  const files = readdirSync(folder).filter((name) => name.startsWith('person-'));
  expect(files).toHaveLength(430);
  let kept = 0;
  for (const name of files) {
    const bytes = readFileSync(join(folder, name));
    const file = new Blob([bytes]);
    const head = await readTableHead(file);
    if (!head.ok) throw new Error(`${name}: ${head.reason}`);
    expect(matchColumns(reader, head.header)).toEqual([0, 1]);
    const read = await readTable(file, reader, formOf(data), { columns: [0], target: 1 });
    if (!read.ok) throw new Error(`${name}: ${read.reason}`);
    expect(Object.values(read.report.leftOut).every((count) => count === 0)).toBe(true);
    expect(read.report.kept).toBe(bytes.toString('utf8').trim().split('\n').length - 1);
    kept += read.report.kept;
  }
  // Those with fewer than twenty have no file.
  expect(kept).toBeGreaterThan(24_000);
  expect(kept).toBeLessThan(27_206);
});

it('movielens.R gives the same list under every locale, so that a server knows the task of whoever made it', () => {
  // Of 2,000 titles many are rated as often as each other, and a locale of a language would order them by its own rules.
  const listUnder = (locale: Readonly<Record<string, string>>): string => {
    convertMovielens(folder, 2_000, locale);
    return readFileSync(join(folder, 'task.json'), 'utf8');
  };
  expect(listUnder({ LC_ALL: 'C.UTF-8', R_ICU_LOCALE: 'en_US' }) === listUnder({ LC_ALL: 'C' })).toBe(true);
});

it('a server with R hands out one real person’s ratings to each contributor, and nobody who is scored on', async () => {
  convertMovielens(folder);
  const { template, ...overrides } = JSON.parse(readFileSync(join(folder, 'task.json'), 'utf8'));
  const task = taskFromTemplate(template, overrides);
  if (!task.ok) throw new Error(JSON.stringify(task));
  const { data } = task.value;
  expect(movielens.isInstalled()).toBe(true);
  const training = await movielens.openTraining(data);
  const held = await movielens.readHeldOut(data);
  expect(training?.perPerson).toBe(30);
  expect(held?.perPerson).toBe(30);
  const people = (training?.count ?? 0) / 30;
  expect(people).toBeGreaterThan(200);
  const all = await training?.readAll();
  for (let person = 0; person < people; person++) {
    const own = all?.features.subarray(30 * person, 30 * (person + 1));
    expect(new Set(own).size).toBe(30);
  }
  const choices = new Set([...(all?.targets ?? []), ...(held?.targets ?? [])]);
  expect([...choices].toSorted((a, b) => a - b)).toEqual([0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5]);
  // Of other titles it has none.
  expect(await movielens.openTraining({ ...task.value.data, items: ['One', 'Another'] } as typeof data)).toBeNull();
  await training?.close();
});

it('two hundred of them, fifty a round: better than the mean of each film', async () => {
  convertMovielens(folder);
  const { before, after, trivial } = await gapOf(
    `--in-process --spec ${join(folder, 'task.json')} --clients 200 --cohort 50 --rounds 20 --partition people --seed 1`,
  );
  expect(before).toBeCloseTo(1.28, 1);
  expect(trivial).toBeCloseTo(0.688, 3);
  // 0.683 in the run that this was written by. One place with the same steps is worse, 0.87: so many factors fit few ratings too well.
  expect(after).toBeLessThan(0.69);
});
