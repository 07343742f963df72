import { createRequire } from 'node:module';
import type { DatabaseSync } from 'node:sqlite';

type Sqlite = { readonly DatabaseSync: typeof DatabaseSync };

/** SQLite as Node has it built in (from 22.13 on), else the same API as a native package. */
export const { DatabaseSync: SqliteDatabase }: Sqlite =
  builtIn() ?? (createRequire(import.meta.url)('@photostructure/sqlite') as Sqlite);

/** Node 22 warns of it at every start; what we use of it is the same in all, and tested on each. */
function builtIn(): Sqlite | undefined {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule?.('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** SQLite's primary result codes that mean something to us (sqlite.org/rescode.html). */
export const RESULT = { busy: 5, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

/** Codes that our own SQL or values cause: error, constraint, mismatch, misuse, range. */
export const MISTAKES: ReadonlySet<number> = new Set([1, 19, 20, 21, 25]);

/** The primary result code of an error that SQLite gave; null for any other. */
export function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff;
}
