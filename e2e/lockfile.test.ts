import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { completed, missingEntries } from './lockfile.ts';

const root = join(import.meta.dirname, '..');
const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));

test('threat D1: the lockfile has an entry for every platform (else: npm run lockfile)', () => {
  const lockfile = read('package-lock.json');
  expect(Object.keys(lockfile.packages).length).toBeGreaterThan(100);
  expect(Object.keys(missingEntries(lockfile))).toEqual([]);
});

test('threat D1: every direct dependency is pinned to one exact version', () => {
  const { dependencies, devDependencies } = read('package.json');
  const versions = Object.values<string>({ ...dependencies, ...devDependencies });
  expect(versions.length).toBeGreaterThan(20);
  expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});

test('a missing platform is found and completed as npm would write it', () => {
  const lockfile = {
    packages: {
      'node_modules/b': {
        version: '1.2.3',
        dev: true,
        optionalDependencies: { '@b/cli-linux-x64-gnu': '1.2.3', '@b/cli-darwin-arm64': '1.2.3', fsevents: '~2.3.3' },
      },
      'node_modules/@b/cli-darwin-arm64': { version: '1.2.3' },
    },
  };
  const entry = { version: '1.2.3', os: ['linux'], cpu: ['x64'], libc: ['glibc'], dev: true, optional: true };
  expect(missingEntries(lockfile)).toEqual({ 'node_modules/@b/cli-linux-x64-gnu': entry });
  expect(missingEntries(completed(lockfile))).toEqual({});
});
