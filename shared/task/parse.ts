import * as v from 'valibot';
import { fail, type Problem, type Result, succeed } from '../errors.ts';
import { incompatibilities } from './compatibility.ts';
import { type TaskSpec, taskSpecSchema } from './spec.ts';
import { TEMPLATES, type TemplateName } from './templates/index.ts';

const pathOf = (issue: v.BaseIssue<unknown>): string => (issue.path ?? []).map((item) => String(item.key)).join('.');

/** valibot's issues as problems with paths such as `client.batchSize`; a union's own branches are looked into. */
export function problemsOf(issues: readonly v.BaseIssue<unknown>[]): Problem[] {
  return issues.flatMap((issue) => {
    const nested = issue.issues;
    if (nested === undefined || nested.length === 0) return [{ path: pathOf(issue), message: issue.message }];
    return problemsOf(
      nested.map((inner) => ({ ...inner, path: [...(issue.path ?? []), ...(inner.path ?? [])] as never })),
    );
  });
}

/** Of so many values all problems are told: each costs some microseconds, and a place in the answer. */
const ALL_TOLD_COUNT = 5_000;

/** A whole TaskSpec from untrusted JSON: schema first, then the table of compatibility. Of a very long one the first problem alone is told. */
export function parseTaskSpec(input: unknown): Result<TaskSpec, readonly Problem[]> {
  const parsed = v.safeParse(taskSpecSchema, input, { abortEarly: hasMoreValues(input, ALL_TOLD_COUNT) });
  if (!parsed.success) return fail(problemsOf(parsed.issues));
  const problems = incompatibilities(parsed.output);
  return problems.length === 0 ? succeed(parsed.output) : fail(problems);
}

/** Counts no further than it must, and goes as deep as the JSON does. */
function hasMoreValues(input: unknown, maximum: number): boolean {
  const open: unknown[] = [input];
  let count = 0;
  for (const value of open) {
    if (typeof value !== 'object' || value === null) continue;
    const inner = Object.values(value);
    count += inner.length;
    if (count > maximum) return true;
    open.push(...inner);
  }
  return false;
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What has other fields under another name. */
const NAMED: ReadonlySet<string> = new Set(['serverOptimizer', 'aggregator']);

const isOther = (before: unknown, after: unknown): boolean =>
  isPlainObject(before) && isPlainObject(after) && 'name' in after && after['name'] !== before['name'];

/**
 * Deep merge: objects merge, everything else replaces, `null` removes an optional field. A model is taken whole
 * when it switches between `zoo` and `topology`, data when they are of another kind, and a server optimizer or an
 * aggregator when it is of another name.
 */
export const mergeOverrides = (base: unknown, overrides: unknown): unknown => merge(base, overrides, false);

/** Both overrides as one, of which the second goes first; what either removes stays marked to be removed. */
export const composeOverrides = (first: object, second: object): object => merge(first, second, true) as object;

function merge(base: unknown, overrides: unknown, keepsNull: boolean): unknown {
  if (!isPlainObject(base) || !isPlainObject(overrides)) return overrides;
  if ('topology' in overrides && 'zoo' in base) return overrides;
  if ('zoo' in overrides && 'topology' in base) return overrides;
  if ('kind' in overrides && 'kind' in base && overrides.kind !== base.kind) return overrides;
  const merged: Record<string, unknown> = Object.assign(Object.create(null), base);
  for (const key of Object.keys(overrides)) {
    if (key === '__proto__') continue;
    const value = overrides[key];
    if (value === null && !keepsNull) delete merged[key];
    else if (!(key in merged) || (NAMED.has(key) && isOther(merged[key], value))) merged[key] = value;
    else merged[key] = merge(merged[key], value, keepsNull);
  }
  return merged;
}

export const isTemplateName = (name: unknown): name is TemplateName =>
  typeof name === 'string' && Object.hasOwn(TEMPLATES, name);

/** A template with overrides merged deep into it; the id defaults to the template's name. */
export function taskFromTemplate(template: TemplateName, overrides: unknown): Result<TaskSpec, readonly Problem[]> {
  if (overrides !== undefined && !isPlainObject(overrides)) return fail([{ path: '', message: 'must be an object' }]);
  return parseTaskSpec(mergeOverrides(structuredClone(TEMPLATES[template]), overrides ?? {}));
}
