import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { switchesOf } from './command-line.ts';
import { ensureChromium, ensureHeadlessShell } from './fixtures/browser.ts';
import { ensureBuilt } from './fixtures/built.ts';
import { ensureEspeak } from './fixtures/espeak.ts';
import { ensureFashion } from './fixtures/fashion.ts';
import { ensureFirefox } from './fixtures/firefox.ts';
import { ensureProxy } from './fixtures/haproxy.ts';
import { hasMovielens } from './fixtures/movielens.ts';
import { ensurePostgres } from './fixtures/postgres.ts';
import { ensureRedis } from './fixtures/redis.ts';
import { ensureStrace } from './fixtures/strace.ts';
import type { Found } from './fixtures/system-program.ts';
import { playwrightResults, type Results, vitestResults } from './test-results.ts';

// `npm test`: tests that need no special machine; with `--all` the long ones, too, which go through many states, rounds or
// contributors where a shorter test goes through a few. Ends with `N passed, N failed`, after what failed; where this machine
// lacks what a part needs, a line before it says `M not possible here: reason`. A skipped test counts as failed.

const root = join(import.meta.dirname, '..');
const results = join(root, 'node_modules/.cache/fedtab/results');
/** What only the long tests need is not looked for without them. */
const NOT_ASKED: Found = { ok: true, path: '' };
const NONE: Results = { passed: 0, failed: 0, failures: [] };

function runNode(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): boolean {
  const command = [join(root, 'node_modules', script), ...args];
  return (
    spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).status === 0
  );
}

function runVitest(without: readonly string[]): Results {
  const file = join(results, 'vitest.json');
  const ok = runNode('vitest/vitest.mjs', [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...without.map((path) => `--exclude=${path}`),
  ]);
  return sound(ok, vitestResults(JSON.parse(readFileSync(file, 'utf8'))));
}

function runPlaywright(choice: readonly string[]): Results {
  const file = join(results, 'playwright.json');
  const ok = runNode('playwright/cli.js', ['test', '-c', 'e2e', '--reporter=list,json', ...choice], {
    PLAYWRIGHT_JSON_OUTPUT_NAME: file,
  });
  return sound(ok, playwrightResults(JSON.parse(readFileSync(file, 'utf8'))));
}

/** A runner that failed without a failed test (a file that does not load, an unhandled error) counts as one. */
function sound(ok: boolean, results: Results): Results {
  return ok || results.failed > 0 ? results : { ...results, failed: 1 };
}

function runTests(isAll: boolean): void {
  const startedMs = performance.now();
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  ensureBuilt();
  const browser = ensureChromium();
  if (browser.ok) ensureHeadlessShell();
  const firefox = isAll ? ensureFirefox() : NOT_ASKED;
  const noFashion = isAll ? ensureFashion() : null;
  const noEspeak = isAll ? ensureEspeak() : null;
  const noPostgres = ensurePostgres();
  const noRedis = ensureRedis();
  const noStrace = ensureStrace();
  const noProxy = ensureProxy();
  const isConverted = !isAll || hasMovielens();
  const unit = runVitest([
    ...(isAll ? [] : ['**/*.long.test.ts']),
    ...(firefox.ok ? [] : ['e2e/browsers/firefox.long.test.ts']),
    ...(noFashion === null ? [] : ['e2e/kinds/*fashion.long.test.ts']),
    ...(noEspeak === null ? [] : ['e2e/kinds/*keywords.long.test.ts']),
    ...(noPostgres === null ? [] : ['**/postgres/*.test.ts', '**/postgres.test.ts']),
    ...(noRedis === null ? [] : ['**/redis-bus.test.ts']),
    ...(noPostgres === null && noRedis === null ? [] : ['e2e/processes/*.test.ts', 'e2e/load/processes.long.test.ts']),
    ...(noStrace === null ? [] : ['**/strace/*.test.ts']),
    ...(noProxy === null ? [] : ['e2e/proxy/*.test.ts']),
    ...(isConverted ? [] : ['e2e/movielens.long.test.ts']),
    ...(browser.ok ? [] : ['e2e/kinds/tabs*.long.test.ts']),
  ]);
  const specs = browser.ok ? runPlaywright(isAll ? [] : ['--grep-invert=@long']) : NONE;

  const failures = [...unit.failures, ...specs.failures];
  if (failures.length > 0) console.log(`\n${failures.join('\n')}`);
  console.log(`\n${Math.round((performance.now() - startedMs) / 1000)} s on Node ${process.version}`);
  const missing = [
    ...(browser.ok ? [] : [`the specs in e2e/specs: ${browser.reason}`]),
    ...(firefox.ok ? [] : [`e2e/browsers/firefox.long.test.ts: ${firefox.reason}`]),
    ...(noFashion === null ? [] : [`the figures of the fashion task: ${noFashion}`]),
    ...(noPostgres === null ? [] : [`the tests on PostgreSQL: ${noPostgres}`]),
    ...(noRedis === null ? [] : [`the tests of several processes: ${noRedis}`]),
    ...(noStrace === null ? [] : [`the tests in e2e/crash/strace: ${noStrace}`]),
    ...(noProxy === null ? [] : [`the tests behind a proxy: ${noProxy}`]),
    ...(noEspeak === null ? [] : [`the figures of the keywords task: ${noEspeak}`]),
  ];
  // No part of Fedtab: a script for those who have R. What it writes is read in a test that needs none.
  if (!isConverted) console.log('server/samples/movielens.R was not run: there is no R with dslabs here');
  if (missing.length > 0) console.log(`${missing.length} not possible here: ${missing.join('; ')}`);
  const passed = unit.passed + specs.passed;
  const failed = unit.failed + specs.failed;
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}

const HELP = `npm test -- [options]
Tests that need no special machine: unit, contract, architecture, system and browser. Ten to twenty minutes on two cores
without a GPU. Some only: npx vitest run FOLDER, npx playwright test -c e2e NAME.

  --all   also the long ones (*.long.test.ts, @long)
  --help  this text
`;
const switches = switchesOf(process.argv.slice(2), HELP, ['all']);
if (switches !== null) runTests(switches.all);
