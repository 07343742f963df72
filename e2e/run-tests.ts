import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isToRun } from './command-line.ts';
import { ensureChromium, ensureHeadlessShell } from './fixtures/browser.ts';
import { ensureBuilt } from './fixtures/built.ts';
import { ensureEspeak } from './fixtures/espeak.ts';
import { ensureFashion } from './fixtures/fashion.ts';
import { ensureFirefox } from './fixtures/firefox.ts';

// `npm test`: every test that needs no special machine. Ends with `N passed, N failed`; where this machine lacks what a
// part needs, a line before it says `M not possible here: reason`. A skipped test counts as failed.

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

const root = join(import.meta.dirname, '..');
const results = join(root, 'node_modules/.cache/fedtab/results');

function runNode(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): boolean {
  const command = [join(root, 'node_modules', script), ...args];
  return (
    spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).status === 0
  );
}

function runVitest(without: readonly string[]): Counts {
  const file = join(results, 'vitest.json');
  const ok = runNode('vitest/vitest.mjs', [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...without.map((path) => `--exclude=${path}`),
  ]);
  const { numPassedTests, numTotalTests } = JSON.parse(readFileSync(file, 'utf8'));
  return sound(ok, { passed: numPassedTests, failed: numTotalTests - numPassedTests });
}

function runPlaywright(): Counts {
  const file = join(results, 'playwright.json');
  const ok = runNode('playwright/cli.js', ['test', '-c', 'e2e', '--reporter=list,json'], {
    PLAYWRIGHT_JSON_OUTPUT_NAME: file,
  });
  const { stats } = JSON.parse(readFileSync(file, 'utf8'));
  return sound(ok, { passed: stats.expected, failed: stats.unexpected + stats.flaky + stats.skipped });
}

/** A runner that failed without a failed test (a file that does not load, an unhandled error) counts as one. */
function sound(ok: boolean, counts: Counts): Counts {
  return ok || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

function runAll(): void {
  const startedMs = performance.now();
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  ensureBuilt();
  const firefox = ensureFirefox();
  const noFashion = ensureFashion();
  const noEspeak = ensureEspeak();
  const unit = runVitest([
    ...(firefox.ok ? [] : ['e2e/browsers/firefox.test.ts']),
    ...(noFashion === null ? [] : ['e2e/kinds/fashion.test.ts']),
    ...(noEspeak === null ? [] : ['e2e/kinds/keywords.test.ts']),
  ]);
  const browser = ensureChromium();
  if (browser.ok) ensureHeadlessShell();
  const specs = browser.ok ? runPlaywright() : { passed: 0, failed: 0 };

  const counts = { passed: unit.passed + specs.passed, failed: unit.failed + specs.failed };
  console.log(`\n${Math.round((performance.now() - startedMs) / 1000)} s on Node ${process.version}`);
  const missing = [
    ...(browser.ok ? [] : [`the specs in e2e/specs: ${browser.reason}`]),
    ...(firefox.ok ? [] : [`e2e/browsers/firefox.test.ts: ${firefox.reason}`]),
    ...(noFashion === null ? [] : [`the figures of the fashion task: ${noFashion}`]),
    ...(noEspeak === null ? [] : [`e2e/kinds/keywords.test.ts: ${noEspeak}`]),
  ];
  if (missing.length > 0) console.log(`${missing.length} not possible here: ${missing.join('; ')}`);
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
}

const HELP = `npm test -- [options]
Every test that needs no special machine: unit, contract, architecture, system and browser. About fifteen minutes on two cores without a GPU.
Some only: npx vitest run FOLDER, npx playwright test -c e2e NAME.

  --help  this text
`;
if (isToRun(process.argv.slice(2), HELP)) runAll();
