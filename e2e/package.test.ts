import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureBuilt } from './fixtures/built.ts';

/** `fedtab/client` as others import it: what is built, by the package's exports. */
const root = join(import.meta.dirname, '..');
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'fedtab-consumer-'));

beforeAll(() => {
  ensureBuilt();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/fedtab'), 'dir');
});
afterAll(() => rmSync(folder, { recursive: true }));

const VERBS = ['view', 'start', 'pause', 'resume', 'stop', 'forget', 'on'];

/** The verbs of a client that has not begun, in a Node whose package conditions are these. */
async function verbs(conditions: readonly string[], options: string) {
  const script = `
    const { createClient } = await import('fedtab/client');
    console.log(JSON.stringify({ from: import.meta.resolve('fedtab/client'), verbs: Object.keys(createClient(${options})) }));
  `;
  const flags = conditions.map((condition) => `--conditions=${condition}`);
  const { stdout } = await run(process.execPath, [...flags, '--input-type=module', '--eval', script], { cwd: root });
  return JSON.parse(stdout) as { readonly from: string; readonly verbs: readonly string[] };
}

test('fedtab/client is the Node client in Node', async () => {
  const trainer = '{ prepare() {}, examples() {}, train() {}, close() {} }';
  const found = await verbs([], `{ server: 'http://127.0.0.1:9', task: 'digits', trainer: ${trainer} }`);
  expect(found.from).toMatch(/\/dist\/client\/node\.js$/);
  expect(found.verbs).toEqual(expect.arrayContaining(VERBS));
});

test('fedtab/client is the SDK where the browser condition is set', async () => {
  const found = await verbs(['browser'], `{ server: 'http://127.0.0.1:9', task: 'digits' }`);
  expect(found.from).toMatch(/\/dist\/web\/sdk\.js$/);
  expect(found.verbs).toEqual(expect.arrayContaining([...VERBS, 'addExamples']));
});

/** What tsc says of a program on this platform, by the types that the package ships. */
async function problemsOf(name: string, platform: 'node' | 'browser', program: string): Promise<string> {
  writeFileSync(join(folder, `${name}.mts`), program);
  const config = {
    compilerOptions: {
      ...{ strict: true, noEmit: true, target: 'es2023', module: 'nodenext', skipLibCheck: true },
      ...(platform === 'browser' ? { lib: ['es2023', 'dom'], customConditions: ['browser'] } : { lib: ['es2023'] }),
      ...{ types: platform === 'node' ? ['node'] : [], typeRoots: [join(root, 'node_modules/@types')] },
    },
    files: [`${name}.mts`],
  };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  return run(process.execPath, [tsc, '-p', `${name}.json`], { cwd: folder }).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
}

const PLATFORMS = [
  ['node', `{ server: 'http://127.0.0.1:8080', task: 'digits', trainer: {} as Options['trainer'] }`],
  ['browser', `{ task: 'digits' }`],
] as const;

test.each(PLATFORMS)('a typed program for %s compiles, and a wrong one does not', async (platform, options) => {
  const begin = `
    import { createClient } from 'fedtab/client';
    type Options = Parameters<typeof createClient>[0];
    const client = createClient(${options});
  `;
  const right = `${begin}
    const stopListening: () => void = client.on('state', ({ state, round }) => {
      const shown: { state: string; round: number | null } = { state, round };
      console.log(shown);
    });
    await client.start();
    const { serverForgot } = await client.forget();
    const isForgotten: boolean = serverForgot;
    stopListening();
    console.log(isForgotten);
  `;
  const wrong = `${begin} client.on('weather', () => {}); client.begin();`;
  const [ofRight, ofWrong] = await Promise.all([
    problemsOf(`${platform}-right`, platform, right),
    problemsOf(`${platform}-wrong`, platform, wrong),
  ]);
  expect(ofRight).toBe('');
  expect(ofWrong).toContain('\'"weather"\'');
  expect(ofWrong).toContain("'begin' does not exist");
});
