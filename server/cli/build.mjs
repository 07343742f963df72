// `npm run build`: dist/ by Vite, and the types of the SDK by tsc. With --if-stale only when dist/ is not built from
// the sources that lie here; two that build at the same time wait for each other.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { clearStamp, hashSources, isFresh, root, writeStamp } from './freshness.mjs';

const vite = join(root, 'node_modules/vite/bin/vite.js');
const tsc = join(root, 'node_modules/typescript/bin/tsc');
const cache = join(root, 'node_modules/.cache/fedtab');
const lock = join(cache, 'building');

/** Leaves dist/ as the sources say, or exits: 2 when it cannot be built here, 1 when the build fails. */
export async function build({ ifStale = false } = {}) {
  if (ifStale && isFresh()) return;
  if (!existsSync(vite)) {
    console.error(
      existsSync(join(root, 'dist'))
        ? 'dist/ was built from other sources, and Vite is not installed. Run `npm ci && npm run build`.'
        : 'There is no dist/, and Vite is not installed to build it. Run `npm ci && npm run build`.',
    );
    process.exit(2);
  }
  await takeLock();
  try {
    if (ifStale && isFresh()) return;
    const hash = hashSources();
    clearStamp();
    run(vite, ['build', '--logLevel', ifStale ? 'warn' : 'info']);
    writeTypes();
    writeStamp(hash);
  } finally {
    rmSync(lock, { force: true });
  }
}

function run(script, args) {
  // Tests that build say `test`, which would leave libraries' checks for developers in the bundles.
  const env = { ...process.env, NODE_ENV: 'production' };
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, env, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    rmSync(lock, { force: true });
    process.exit(1);
  }
}

/** One .d.ts a source under dist/web/types, and beside each bundle that is imported by name the file that leads there. */
function writeTypes() {
  const named = [
    { source: 'web/embed/sdk', bundle: 'dist/web/sdk', types: './types' },
    { source: 'web/client/node', bundle: 'dist/client/node', types: '../web/types' },
  ].filter(({ source }) => existsSync(join(root, `${source}.ts`)));
  if (named.length === 0) return;
  run(tsc, ['-p', join(root, 'web/tsconfig.types.json')]);
  for (const { source, bundle, types } of named) {
    writeFileSync(join(root, `${bundle}.d.ts`), `export * from '${types}/${source}.js';\n`);
  }
}

async function takeLock() {
  mkdirSync(cache, { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!isAlive(lockOwner())) rmSync(lock, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function lockOwner() {
  try {
    return Number(readFileSync(lock, 'utf8'));
  } catch {
    return 0;
  }
}

function isAlive(pid) {
  if (pid === 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

const help = `npm run build -- [options]
Builds the pages, the worker, embed.js, sdk.js with its types and the server into dist/.

  --if-stale  only where dist/ is not built from the sources that lie here
  --help      this text
`;

function readOptions() {
  try {
    const options = { 'if-stale': { type: 'boolean', default: false }, help: { type: 'boolean', default: false } };
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${error.message}\n\n${help}`);
    process.exit(2);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const options = readOptions();
  if (options.help) console.log(help);
  else await build({ ifStale: options['if-stale'] });
}
