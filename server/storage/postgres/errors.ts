import { DatabaseError } from 'pg';
import { BugError } from '../../../shared/assert.ts';
import { CorruptDatabaseError, StorageFullError, StorageIoError } from '../errors.ts';

/** PostgreSQL took the transaction back, or never got it: the same once more may well succeed. */
export class PassingError extends StorageIoError {}

/** COMMIT was sent and no answer came. */
export class LostCommitError extends StorageIoError {}

/** `serialization_failure`, `deadlock_detected`, `lock_not_available` (postgresql.org/docs/current/errcodes-appendix.html). */
const CONFLICTS: ReadonlySet<string> = new Set(['40001', '40P01', '55P03']);
/** The server ends the connection: shutdowns, starts, `idle_in_transaction_session_timeout`, too many connections. */
const ENDS: ReadonlySet<string> = new Set(['57P01', '57P02', '57P03', '25P03', '53300']);
/** `disk_full`. */
const FULL = '53100';
/** Data exceptions, violated constraints, wrong SQL: our own mistakes. */
const MISTAKES: ReadonlySet<string> = new Set(['22', '23', '42']);
/** `data_corrupted`, `index_corrupted`. */
const DAMAGE: ReadonlySet<string> = new Set(['XX001', 'XX002']);

/** An error of `pg` as the error that callers of the port see. Its message names no password: PostgreSQL does not know it. */
export function errorOf(error: unknown): Error {
  if (!(error instanceof DatabaseError)) {
    return new PassingError(`the connection to PostgreSQL: ${messageOf(error)}`, { cause: error });
  }
  const { code = '', message } = error;
  const text = `PostgreSQL: ${message}`;
  if (code === FULL) return new StorageFullError(text, { cause: error });
  if (isEndOfConnection(code) || CONFLICTS.has(code)) return new PassingError(text, { cause: error });
  if (DAMAGE.has(code)) return new CorruptDatabaseError(text, { cause: error });
  if (MISTAKES.has(code.slice(0, 2))) return new BugError(text, { cause: error });
  return new StorageIoError(text, { cause: error });
}

/** After a COMMIT this error says nothing of what became of it. */
export const losesReply = (error: unknown): boolean =>
  !(error instanceof DatabaseError) || isEndOfConnection(error.code ?? '');

const isEndOfConnection = (code: string): boolean => ENDS.has(code) || code.startsWith('08');

/** Several addresses of one name fail together, in an error without a message of its own. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
