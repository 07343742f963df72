import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, test } from 'vitest';
import { ensureBuilt } from './fixtures/built.ts';

const root = join(import.meta.dirname, '..');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const stamp = (): number => statSync(join(root, 'dist/built-from')).mtimeMs;

// `npm start` builds first what is not built.
beforeAll(() => ensureBuilt());

/** As `npm run NAME -- ARGS` does: by a shell, with node_modules/.bin in the path. */
async function run(name: string, ...args: string[]) {
  const child = spawn('sh', ['-c', `${scripts[name]} "$@"`, name, ...args], {
    cwd: root,
    env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: (await exit)[0], output, errors };
}

// The others read their options by functions with tests of their own.
test.each(['build', 'test', 'check', 'start', 'audit'])(
  'npm run %s: --help says what it does and does nothing, an unknown argument ends it with 2',
  async (name) => {
    const before = stamp();
    const [help, unknown] = await Promise.all([run(name, '--help'), run(name, '--no-such-thing')]);
    expect(help).toMatchObject({ code: 0, errors: '' });
    expect(help.output).toMatch(new RegExp(`npm (run )?${name}\\b`));
    expect(unknown).toMatchObject({ code: 2, output: '' });
    expect(unknown.errors).toContain('--no-such-thing');
    expect(stamp()).toBe(before);
  },
);
