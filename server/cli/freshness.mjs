// Is dist/ built from the sources that lie here? Content is compared, not times, which a clone or a copy changes.
// Plain JavaScript, as it runs before anything is built.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const stampFile = join(root, 'dist/built-from');
const sources = ['package-lock.json', 'tsconfig.json', 'vite.config.ts', 'server', 'shared', 'web'];
const notBuilt = /(\.test\.tsx?|contract\.ts|\.md)$/;

/** SHA-256 over names and contents of everything that goes into dist/, or undefined where only dist/ was installed. */
export function hashSources() {
  if (!existsSync(join(root, 'vite.config.ts'))) return undefined;
  const hash = createHash('sha256');
  for (const source of sources) {
    for (const path of filesIn(join(root, source)))
      hash.update(`${path.slice(root.length)}\0`).update(readFileSync(path));
  }
  return hash.digest('hex');
}

function filesIn(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !notBuilt.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

export function isFresh() {
  const hash = hashSources();
  if (hash === undefined) return existsSync(join(root, 'dist/server/main.js'));
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hash;
}

export function clearStamp() {
  rmSync(stampFile, { force: true });
}

export function writeStamp(hash) {
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, hash);
}
