import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkGraph, checkRoot, checkSource } from './architecture/check.ts';
import { rootFolders } from './architecture/rules.ts';
import { readSource } from './architecture/source.ts';

const root = join(import.meta.dirname, '..');

/** What git tracks; without a repository (a downloaded archive), what lies in the code's folders. */
function filesOfTheHouse(): string[] {
  const git = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  const untracked = rootFolders.flatMap((folder) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`)
      : [],
  );
  return [...new Set([...(git.stdout ?? '').split('\0'), ...untracked])].filter(Boolean).sort();
}

const check = (path: string, text: string): string[] => checkSource(readSource(path, text));

describe('the house', () => {
  const paths = filesOfTheHouse();
  const sources = paths.flatMap((path) => {
    if (!/^(server|web|shared|e2e)\/.*\.(tsx?|mjs)$/.test(path)) return [];
    return existsSync(join(root, path)) ? [readSource(path, readFileSync(join(root, path), 'utf8'))] : [];
  });

  test('has code to hold to the table', () => expect(sources.length).toBeGreaterThan(20));
  test('has nothing at the root that does not belong there', () => {
    expect(checkRoot([...new Set(paths.map((path) => path.split('/')[0] ?? path))])).toEqual([]);
  });
  test('imports what the table allows, and nothing else', () => expect(sources.flatMap(checkSource)).toEqual([]));
  test('has no import cycle, and no page reaches TF.js', () => expect(checkGraph(sources)).toEqual([]));
});

describe('the rules refuse', () => {
  const refused: [path: string, text: string, problem: RegExp][] = [
    ['server/http/a.ts', "import { x } from '../../web/ui/x.ts';", /must not import web\/ui\/x\.ts/],
    ['server/http/a.ts', "import type { X } from '../../web/ui/x.ts';", /must not import web\/ui\/x\.ts/],
    [
      'server/http/a.ts',
      "\nimport { x } from '../storage/sqlite/x.ts';",
      /:2: must not import server\/storage\/sqlite/,
    ],
    ['server/gateway/a.ts', "export { x } from '../rounds/coordinator.ts';", /must not import server\/rounds\/coord/],
    ['server/rounds/a.ts', "import { x } from '../../web/trainer/core/x.ts';", /must not import web\/trainer\/core/],
    [
      'server/evaluation/a.ts',
      "import { x } from '../../web/trainer/worker.ts';",
      /must not import web\/trainer\/work/,
    ],
    [
      'server/evaluation/a.ts',
      "import * as tf from '@tensorflow/tfjs-core';",
      /TF\.js is imported only in web\/trainer/,
    ],
    ['server/learning/a.ts', "import fs from 'node:fs';", /must not import node:fs/],
    ['e2e/crash/a.test.ts', "import { x } from '../fixtures/strace.ts';", /belongs in a folder strace/],
    ['server/learning/a.ts', 'export const f = async () => 1;', /uses async/],
    ['server/learning/a.ts', 'export const now = () => Date.now();', /uses Date: time comes in/],
    ['shared/a.ts', "import { x } from '../server/x.ts';", /must not import server\/x\.ts/],
    ['shared/a.ts', "import { x } from 'node:fs';", /must not import node:fs/],
    ['shared/a.ts', "type X = import('../web/x.ts').X;", /must not import web\/x\.ts/],
    ['shared/a.ts', 'export const x = Math.random();', /uses Math\.random/],
    ['shared/a.ts', 'export const x = new Date();', /uses Date/],
    ['web/client/a.ts', "import { x } from '../data/x.ts';", /must not import web\/data/],
    ['web/client/a.ts', 'export const w = window.innerWidth;', /uses window/],
    ['web/contribute/a.tsx', "const x = import('../../server/x.ts');", /must not import server\/x\.ts/],
    ['web/contribute/a.tsx', "import { x } from '../admin/x.ts';", /must not import web\/admin/],
    ['web/ui/a.ts', "import 'left-pad';", /must not import left-pad/],
    ['web/trainer/core/a.ts', "import { x } from '../worker.ts';", /must not import web\/trainer\/worker/],
    ['server/a.ts', "import { x } from '../e2e/x.ts';", /must not import e2e/],
    ['server/a.test.ts', "import { x } from '../e2e/x.ts';", /must not import e2e/],
    ['web/data/a.test.ts', "import { x } from '../../server/x.ts';", /must not import server/],
    ['shared/a.ts', 'export default 1;', /has a default export/],
    ['shared/a.ts', 'export default function f() {}', /has a default export/],
    ['shared/a.ts', 'const f = 1; export { f as default };', /has a default export/],
    ['shared/utils.ts', '', /kebab-case noun/],
    ['shared/task-helpers.ts', '', /kebab-case noun/],
    ['shared/TaskSpec.ts', '', /kebab-case noun/],
  ];
  test.each(refused)('%s: %s', (path, text, problem) => {
    expect(check(path, text)).toEqual([expect.stringMatching(problem)]);
  });

  const allowed: [path: string, text: string][] = [
    ['server/evaluation/a.ts', "import { x } from '../../web/trainer/core/x.ts';"],
    ['server/rounds/a.ts', "import { x } from '../storage/port.ts'; import { y } from '../learning/y.ts';"],
    ['web/trainer/core/a.ts', "import * as tf from '@tensorflow/tfjs-core';"],
    ['shared/a.test.ts', "import { test } from 'vitest'; const x = Math.random();"],
    ['shared/a.ts', '// Math.random() and Date are words here\nexport const x = "Date.now()";'],
    ['shared/a.ts', 'export const x = { document: 1, Date: 2 }; export type D = Date;'],
    ['web/client/a.ts', 'export const open = (window: number) => window + 1;'],
    ['e2e/playwright.config.ts', 'export default 1;'],
    ['e2e/sim/a.ts', "import { x } from '../../server/x.ts'; import { y } from '../../web/client/y.ts';"],
  ];
  test.each(allowed)('but not %s: %s', (path, text) => expect(check(path, text)).toEqual([]));

  test('import cycles, but not of types', () => {
    const a = readSource('shared/a.ts', "import { b } from './b.ts';");
    const b = readSource('shared/b.ts', "import { c } from './c/c.ts';");
    const c = readSource('shared/c/c.ts', "export * from '../a.ts';");
    const typesOnly = readSource(
      'shared/c/c.ts',
      "import type { A } from '../a.ts'; export type { B } from '../b.ts';",
    );
    expect(checkGraph([a, b, c])).toEqual([
      expect.stringContaining('shared/a.ts → shared/b.ts → shared/c/c.ts → shared/a.ts'),
    ]);
    expect(checkGraph([a, b, typesOnly])).toEqual([]);
  });

  test('a page that reaches TF.js by any import', () => {
    const page = readSource('web/contribute/main.ts', "const later = () => import('../trainer/rpc.ts');");
    const rpc = readSource('web/trainer/rpc.ts', "import { step } from './core/step.ts';");
    const step = readSource('web/trainer/core/step.ts', "import { tidy } from '@tensorflow/tfjs-core';");
    expect(checkGraph([page, rpc, step])).toEqual([expect.stringMatching(/^web\/contribute\/main\.ts.*@tensorflow/)]);
    const workerOnly = readSource(
      'web/contribute/main.ts',
      "new Worker(new URL('../trainer/worker.ts', import.meta.url));",
    );
    expect(checkGraph([workerOnly, rpc, step])).toEqual([]);
  });

  test('code and stray folders at the root', () => {
    expect(checkRoot(['server', 'package.json', '.ci', 'README.md', 'LICENSE', 'docs', 'vite.config.ts'])).toEqual([]);
    expect(checkRoot(['scripts', 'index.ts', 'utils.js'])).toHaveLength(3);
  });
});
