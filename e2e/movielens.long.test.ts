import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { formOf } from '../shared/task/kinds/index.ts';
import { taskFromTemplate } from '../shared/task/parse.ts';
import { ratingRows } from '../web/data/import/row-reader.ts';
import { matchColumns, readTable, readTableHead } from '../web/data/import/table-file.ts';
import { convertMovielens } from './fixtures/movielens.ts';

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
  const files = readdirSync(folder).filter((name) => name.endsWith('.csv'));
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
