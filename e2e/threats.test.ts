import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');

/** Rows of the page's table: `| C1 | threat | defence | tests |`. */
const rows = [...page.matchAll(/^\| ([A-Z]\d+) +\|(.*)\|(.*)\|(.*)\|$/gm)].map(([, number = '', , defence, tests]) => ({
  number,
  defence: pathsIn(defence),
  tests: pathsIn(tests),
}));

function pathsIn(cell = ''): string[] {
  return [...cell.matchAll(/`([\w./-]+\.tsx?)`/g)].map(([, path = '']) => path);
}

/** Files of tests with the numbers that stand in their titles, as `threat C1` or `threats C1 C2`. */
const titled = ['shared', 'server', 'web', 'e2e']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  )
  .filter((path) => /\.(test|spec)\.tsx?$/.test(path) && path !== 'e2e/threats.test.ts')
  .map((path) => [path, numbersIn(readFileSync(join(root, path), 'utf8'))] as const)
  .filter(([, numbers]) => numbers.length > 0);

function numbersIn(source: string): string[] {
  return [...source.matchAll(/['`]threats? ((?:[A-Z]\d+ ?)+):/g)].flatMap(([, numbers = '']) =>
    numbers.trim().split(' '),
  );
}

test('a title names its threats', () => {
  expect(numbersIn("it('threat C1: a') it(`threats A1 C2: b`) it('C3: a rule of the client')")).toEqual([
    'C1',
    'A1',
    'C2',
  ]);
  expect(titled.length).toBeGreaterThan(30);
});

test('docs/security.md names each threat once, in order, with a defence that is there', () => {
  const numbers = rows.map(({ number }) => number);
  expect(numbers).toContain('C16');
  expect(numbers).toEqual([...new Set(numbers)]);
  expect(rows.filter(({ defence, tests }) => defence.length === 0 || tests.length === 0)).toEqual([]);
  expect(rows.flatMap(({ defence }) => defence).filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('each row has all the files with a test of its number, and no other; no title has a number without a row', () => {
  const found = new Map(rows.map(({ number }) => [number, [] as string[]]));
  for (const [path, numbers] of titled)
    for (const number of new Set(numbers)) {
      const files = found.get(number) ?? [];
      files.push(path);
      found.set(number, files);
    }
  const written = Object.fromEntries(rows.map(({ number, tests }) => [number, tests.toSorted()]));
  expect(Object.fromEntries([...found].map(([number, files]) => [number, files.toSorted()]))).toEqual(written);
});
