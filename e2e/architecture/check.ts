import { posix } from 'node:path';
import type { Zone } from './rules.ts';
import {
  beforeConsent,
  fileName,
  forbidden,
  rootFiles,
  rootFolders,
  strace,
  testZones,
  vagueNames,
  zones,
} from './rules.ts';
import type { Import, Source } from './source.ts';

const isTest = (path: string): boolean => /\.test\.tsx?$|contract\.ts$/.test(path);
const isIn = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

/** Each a sentence `file:line: what is wrong`. */
export function checkSource(source: Source): string[] {
  const { path } = source;
  const problems: string[] = [];
  const say = (line: number, what: string): void => void problems.push(`${path}:${line}: ${what}`);

  const name = posix.basename(path);
  if (!fileName.test(name) || vagueNames.test(name)) say(1, 'is not a kebab-case noun that says what is in it');
  if (source.exportsDefault && !/\.config\.ts$/.test(path)) say(1, 'has a default export');

  for (const entry of source.imports) {
    const problem = problemOf(path, entry);
    if (problem) say(entry.line, problem);
  }
  for (const rule of isTest(path) ? [] : forbidden) {
    if (!rule.in.some((place) => isIn(path, place))) continue;
    for (const use of rule.names) {
      const line = source.uses.get(use);
      if (line !== undefined) say(line, `uses ${use}: ${rule.why}`);
    }
  }
  return problems;
}

function problemOf(path: string, { specifier, typeOnly }: Import): string | null {
  const zone = zoneOf(path);
  if (!zone) return `lies in no zone of the table`;
  const [place, { folders, packages, node }] = zone;
  if (specifier.startsWith('.')) {
    const target = resolve(path, specifier);
    if (target === strace && isTest(path) && !path.includes('/strace/'))
      return 'needs strace: belongs in a folder strace, which is left out where there is none';
    return [place, ...folders].some((folder) => isIn(target, folder)) ? null : `must not import ${target}`;
  }
  if (specifier.startsWith('node:')) return node ? null : `must not import ${specifier}`;
  if (/^@tensorflow\//.test(specifier) && !isIn(path, 'web/trainer') && !isIn(path, 'e2e') && !isTest(path)) {
    return `must not import ${specifier}: TF.js is imported only in web/trainer`;
  }
  if (typeOnly && specifier === 'vite') return null;
  return packages.some((name) => isIn(specifier, name)) ? null : `must not import ${specifier}`;
}

function zoneOf(path: string): readonly [string, Zone] | undefined {
  const table = isTest(path) && !isIn(path, 'e2e') ? testZones : zones;
  return Object.entries(table)
    .filter(([place]) => isIn(path, place))
    .sort(([a], [b]) => b.length - a.length)[0];
}

function resolve(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier.replace(/\?.*$/, ''));
}

/** What only the whole shows: import cycles, and TF.js within reach of a page. */
export function checkGraph(sources: readonly Source[]): string[] {
  const graph = new Map(sources.map((source) => [source.path, valueImports(source)]));
  return [...cycles(graph), ...tensorflowBeforeConsent(sources, graph)];
}

function valueImports({ path, imports }: Source): string[] {
  return imports
    .filter(({ typeOnly }) => !typeOnly)
    .map(({ specifier }) => (specifier.startsWith('.') ? resolve(path, specifier) : specifier));
}

function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push(`${path}:1: import cycle ${[...trail.slice(start), path].join(' → ')}`);
    if (start >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

function tensorflowBeforeConsent(sources: readonly Source[], graph: ReadonlyMap<string, readonly string[]>): string[] {
  const problems: string[] = [];
  for (const { path } of sources) {
    if (isTest(path) || !beforeConsent.some((place) => isIn(path, place))) continue;
    const seen = new Set<string>();
    const queue = [path];
    for (const one of queue) {
      if (/^@tensorflow\//.test(one))
        problems.push(`${path}:1: reaches ${one}, which only the trainer's worker may load`);
      for (const next of graph.get(one) ?? []) {
        if (!seen.has(next)) queue.push(next);
        seen.add(next);
      }
    }
  }
  return problems;
}

/** Files and folders directly under the root, as git lists them. */
export function checkRoot(names: readonly string[]): string[] {
  return names
    .filter((name) => !rootFiles.test(name) && !rootFolders.includes(name))
    .map((name) => `${name}:1: does not belong at the root`);
}
