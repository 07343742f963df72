import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// `npm run lockfile` after every change of a dependency. npm leaves the binaries of other platforms out of the lockfile
// where node_modules is already there or the registry does not carry them, and `npm ci` then refuses it elsewhere.

interface Locked {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
interface Lockfile {
  readonly packages: Record<string, Locked>;
}

/** The optional packages that the lockfile names but has no entry for, each with the entry it should have. */
export function missingEntries({ packages }: Lockfile): Record<string, object> {
  const missing: Record<string, object> = {};
  for (const [parent, { dev, optionalDependencies = {} }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const path = `node_modules/${name}`;
      if (packages[path] || packages[`${parent}/${path}`] || !/^\d/.test(version)) continue;
      missing[path] = { version, ...platformOf(name), ...(dev && { dev }), optional: true };
    }
  }
  return missing;
}

/** `…-linux-arm64-musl` → os, cpu and libc, as npm writes them. */
function platformOf(name: string): object {
  const match = /-(android|darwin|freebsd|linux|openharmony|win32)-([a-z0-9]+)(?:-(gnu|musl))?/.exec(name);
  if (!match) return {};
  const [, os, cpu, libc] = match;
  return { os: [os], cpu: [cpu], ...(libc && { libc: [libc === 'gnu' ? 'glibc' : libc] }) };
}

/** The same lockfile with those entries, sorted as npm sorts. */
export function completed(lockfile: Lockfile): Lockfile {
  const packages = { ...lockfile.packages, ...missingEntries(lockfile) } as Record<string, Locked>;
  const sorted = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lockfile, packages: Object.fromEntries(sorted) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const path = join(import.meta.dirname, '../package-lock.json');
  const lockfile = JSON.parse(readFileSync(path, 'utf8'));
  console.log(`${Object.keys(missingEntries(lockfile)).length} entries added`);
  writeFileSync(path, `${JSON.stringify(completed(lockfile), null, 2)}\n`);
}
