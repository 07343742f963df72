import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../shared/limits.ts';
import { ratings } from '../../../shared/task/kinds/ratings.ts';
import { type RowData, table } from '../../../shared/task/kinds/table.ts';
import { ratingRows, tableRows } from './row-reader.ts';
import { matchColumns, readTable, readTableHead } from './table-file.ts';

const data: RowData = {
  kind: 'table',
  columns: [
    { type: 'number', name: 'distance_km', mean: 6, deviation: 2 },
    { type: 'category', name: 'sky', values: ['dry', 'rain'] },
  ],
  target: { name: 'minutes' },
};
const form = table.form(data);
const choice = { columns: [1, 2], target: 0 };
const fileOf = (text: BlobPart): Blob => new Blob([text]);
const read = (text: BlobPart, of: RowData = data) => readTable(fileOf(text), tableRows(of), table.form(of), choice);

describe('the head of a file', () => {
  test('is the names and the first rows', async () => {
    const head = await readTableHead(fileOf('minutes,Distance KM, sky\n10,8,rain\n5,,\n7,7,dry\n1,1,dry\n'));
    expect(head).toEqual({
      ok: true,
      header: ['minutes', 'Distance KM', 'sky'],
      rows: [
        ['10', '8', 'rain'],
        ['5', '', ''],
        ['7', '7', 'dry'],
      ],
    });
    expect(matchColumns(tableRows(data), ['minutes', 'Distance KM', 'cloud'])).toEqual([1, null, 0]);
  });

  test.each([
    ['nothing', ''],
    ['one line', 'a,b,c\n'],
    ['a line that does not end', 'x'.repeat(LIMITS.tableLineCharacters + 1)],
    ['zeros', new Uint8Array(2_000_000)],
  ])('of %s is no table', async (_, text) => {
    expect(await readTableHead(fileOf(text))).toEqual({ ok: false, reason: 'no-table' });
  });
});

describe('the rows of a file', () => {
  test('become examples; those that cannot be used are left out and counted', async () => {
    const text = 'minutes,km,sky\n10,8,rain\n5,,fog\n,7,dry\nsoon,7,dry\n9,far,dry\n3\n';
    expect(await read(text)).toEqual({
      ok: true,
      examples: {
        features: Float32Array.of(1, 0, 1, 0, 0, 0, 0, 0, 0),
        targets: Float32Array.of(10, 5, 3),
      },
      report: {
        kept: 3,
        leftOut: {
          'not-a-number': 2,
          'no-target': 1,
          'unknown-label': 0,
          'no-words': 0,
          'unknown-title': 0,
          'off-scale': 0,
        },
        missingCells: 4,
      },
    });
  });

  test('of classes have the index of their label', async () => {
    const classes = { ...data, labels: ['short', 'long'] };
    expect(await read('m,km,sky\nlong,6,dry\nshort,6,dry\nwide,6,dry', classes)).toMatchObject({
      examples: { targets: Uint16Array.of(1, 0) },
      report: { kept: 2, leftOut: { 'unknown-label': 1 } },
    });
  });

  test('of which none can be used are said, and none is kept', async () => {
    expect(await read('a,b,c\nx,y,z\n')).toEqual({ ok: false, reason: 'no-rows' });
    expect(await read('a,b,c\n')).toEqual({ ok: false, reason: 'no-table' });
  });

  test('a million of them are refused as soon as there are too many, and nothing is kept', async () => {
    const line = '10,8,rain\n';
    const million = fileOf(`minutes,km,sky\n${line.repeat(1_000_000)}`);
    let readBytes = 0;
    const slice = million.slice.bind(million);
    million.slice = (from, to, type) => {
      readBytes += (to ?? million.size) - (from ?? 0);
      return slice(from, to, type);
    };
    let turns = 0;
    const turning = setInterval(() => turns++, 1);
    expect(await readTable(million, tableRows(data), form, choice)).toEqual({ ok: false, reason: 'too-many' });
    clearInterval(turning);
    // The page has its turn all the while; read in one go there would be none.
    expect(turns).toBeGreaterThan(2);
    expect(readBytes).toBeLessThan((LIMITS.examplesPerDatasetCount + 10_000) * line.length);
  });

  test('a file too large is not opened, and one that is gone is said', async () => {
    const huge = Object.defineProperty(fileOf('a'), 'size', { value: LIMITS.tableFileBytes + 1 });
    expect(await readTable(huge, tableRows(data), form, choice)).toEqual({ ok: false, reason: 'too-large' });
    const gone = fileOf('a,b\n1,2\n');
    gone.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotFoundError')) }) as never;
    expect(await readTableHead(gone)).toEqual({ ok: false, reason: 'unreadable' });
  });

  test('signs that are cut between two pieces stay whole', async () => {
    const wide = { ...data, labels: ['kurz', 'überlang'] };
    const filler = 'kurz,6,dry\n'.repeat(5_957);
    const text = `mm,k,ss\n${filler}überlang,6,dry\n`;
    const read_ = await read(text, wide);
    expect(read_.ok && read_.report).toMatchObject({ kept: 5_958, leftOut: { 'unknown-label': 0 } });
    expect(new TextEncoder().encode(`mm,k,ss\n${filler}`).length).toBe(65_535);
  });
});

describe('ratings', () => {
  const data = {
    kind: 'ratings' as const,
    items: ['A Film', 'Another'],
    scale: { minimum: 1, maximum: 5, step: 1 },
    ridge: 1,
  };

  test('are rows of a title and a number on the scale', async () => {
    const file = fileOf('title;rating\nanother;4\nA  film;1\nA third;3\nAnother;6\nAnother;\nAnother;good\n');
    expect(await readTable(file, ratingRows(data), ratings.form(data), { columns: [0], target: 1 })).toEqual({
      ok: true,
      examples: { features: Int32Array.of(1, 0), targets: Float32Array.of(4, 1) },
      report: {
        kept: 2,
        leftOut: {
          'not-a-number': 1,
          'no-target': 1,
          'unknown-label': 0,
          'no-words': 0,
          'unknown-title': 1,
          'off-scale': 1,
        },
        missingCells: 0,
      },
    });
  });
});

test('a file as server/samples/movielens.R writes it is read whole: quoted titles with commas, quotes and letters of any kind', async () => {
  const own = {
    kind: 'ratings',
    items: ['Shawshank Redemption, The', 'Wallace & Gromit: A "Grand" Day Out', 'Amélie', 'Matrix, The'],
    scale: { minimum: 0.5, maximum: 5, step: 0.5 },
    ridge: 0.4,
  } as const;
  const text = `"title","rating"
"Matrix, The",4.5
"Wallace & Gromit: A ""Grand"" Day Out",5
"Amélie",0.5
`;
  const reader = ratingRows({ ...own, items: [...own.items] });
  const head = await readTableHead(fileOf(text));
  if (!head.ok) throw new Error(head.reason);
  expect(matchColumns(reader, head.header)).toEqual([0, 1]);
  const form = ratings.form({ ...own, items: [...own.items] });
  expect(await readTable(fileOf(text), reader, form, { columns: [0], target: 1 })).toMatchObject({
    ok: true,
    examples: { features: Int32Array.of(3, 1, 2), targets: Float32Array.of(4.5, 5, 0.5) },
    report: { kept: 3, leftOut: { 'unknown-title': 0, 'off-scale': 0 } },
  });
});
