import type { TaskId } from '../../shared/ids.ts';
import type { Measure } from '../ui/index.ts';
import type { ModelThen } from './contribution.ts';

/**
 * What this page notes about a task for the next visit, so that it can say "120 examples are stored here" without
 * opening a database. A few numbers, never an example; the database itself decides. Storage may be forbidden.
 */
export interface Remembered {
  readonly examples: { readonly count: number; readonly bytes: number } | null;
  /** The shared model as it was before this profile joined. */
  readonly before: ModelThen | null;
}

const NOTHING: Remembered = { examples: null, before: null };
const keyOf = (task: TaskId): string => `fedtab-contribute-${task}`;

export function remembered(task: TaskId): Remembered {
  try {
    return parseRemembered(localStorage.getItem(keyOf(task)));
  } catch {
    return NOTHING;
  }
}

export function remember(task: TaskId, change: Partial<Remembered>): void {
  try {
    localStorage.setItem(keyOf(task), JSON.stringify({ ...remembered(task), ...change }));
  } catch {}
}

export function forgetAll(task: TaskId): void {
  try {
    localStorage.removeItem(keyOf(task));
  } catch {}
}

/** Anything at all may lie there. */
export function parseRemembered(text: string | null): Remembered {
  let value: unknown;
  try {
    value = JSON.parse(text ?? 'null');
  } catch {
    return NOTHING;
  }
  const { examples, before } = record(value);
  const { count, bytes } = record(examples);
  const { version, sha256, score } = record(before);
  return {
    examples: isCount(count) && isCount(bytes) ? { count, bytes } : null,
    before:
      isCount(version) && typeof sha256 === 'string'
        ? {
            version,
            sha256,
            score: measureIn(record(score)),
          }
        : null,
  };
}

function measureIn({ accuracy, absoluteError }: Readonly<Record<string, unknown>>): Measure | null {
  if (typeof accuracy === 'number' && accuracy >= 0 && accuracy <= 1) return { accuracy };
  return typeof absoluteError === 'number' && absoluteError >= 0 ? { absoluteError } : null;
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
