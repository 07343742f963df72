import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { switchesOf } from './command-line.ts';

// `npm run check`: format, lint, types, dead code, architecture, and the unit tests of what changed since the last
// commit. Under a minute; run it before each commit.

const root = join(import.meta.dirname, '..');

const folders = ['shared', 'server', 'web', 'web/client', 'web/trainer', 'e2e'];
const steps: Readonly<Record<string, readonly string[]>> = {
  'format and lint': ['@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
  types: ['typescript/bin/tsc', '-b', ...folders],
  'dead code': ['knip/bin/knip.js'],
  architecture: ['vitest/vitest.mjs', 'run', 'e2e/architecture.test.ts'],
  'what changed': ['vitest/vitest.mjs', 'run', '--project', '!system', '--changed', '--passWithNoTests'],
};

/** Runs one step to its end; its output is shown only when it fails. */
function run([script = '', ...args]: readonly string[]): Promise<{ readonly ok: boolean; readonly output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], { cwd: root });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

async function check(): Promise<void> {
  let failed = 0;
  for (const [name, command] of Object.entries(steps)) {
    const startedMs = performance.now();
    const { ok, output } = await run(command);
    if (!ok) {
      failed += 1;
      console.log(output);
    }
    console.log(`${ok ? '✓' : '✗'} ${name} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
  }
  console.log(failed === 0 ? 'check passed' : `check failed: ${failed} of ${Object.keys(steps).length}`);
  process.exitCode = failed === 0 ? 0 : 1;
}

const HELP = `npm run check -- [options]
Before each commit, under a minute: ${Object.keys(steps).join(', ')} since the last commit.

  --help  this text
`;
if (switchesOf(process.argv.slice(2), HELP, []) !== null) await check();
