import { BugError } from '../../../shared/assert.ts';
import { CorruptDatabaseError, StorageFullError, StorageIoError } from '../errors.ts';
import { MISTAKES, RESULT } from './library.ts';

/** What the thread that holds the database is asked, and what it answers; in order, one answer each. */

export type SqliteValue = null | number | string;

export type Request =
  /** `inTransaction`: only if the transaction is open and nothing in it has failed. */
  | {
      readonly kind: 'run';
      readonly sql: string;
      readonly parameters: readonly SqliteValue[];
      readonly inTransaction: boolean;
    }
  | { readonly kind: 'begin' | 'commit' | 'rollback' | 'close' };

export interface Answer {
  readonly rows: readonly unknown[];
  /** Rows written. */
  readonly changes: number;
}

export interface Failure {
  /** SQLite's primary result code; null when the error is not SQLite's. */
  readonly code: number | null;
  readonly message: string;
}

export type Reply = { readonly id: number } & ({ readonly answer: Answer } | { readonly failure: Failure });
export type Opened = { readonly opened: true } | { readonly failure: Failure };

/** A failure as the error that callers of the port see. */
export function errorOf({ code, message }: Failure, path: string): Error {
  const text = `${path}: ${message}`;
  if (code === RESULT.full) return new StorageFullError(text);
  if (code === RESULT.corrupt || code === RESULT.notADatabase) return new CorruptDatabaseError(text);
  if (code !== null && MISTAKES.has(code)) return new BugError(text);
  return new StorageIoError(text);
}
