import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { RESULT, resultCode, SqliteDatabase } from './library.ts';
import type { Answer, Failure, Request } from './messages.ts';

/** Statements kept prepared; the longest unused one goes first. */
const STATEMENTS_COUNT = 200;
const NOTHING: Answer = { rows: [], changes: 0 };

type Statement = { readonly statement: StatementSync; readonly isReader: boolean };

/**
 * The one connection to a database file, synchronous: lives in a thread of its own. A statement that fails spoils its
 * transaction: everything up to `rollback` is then refused, so that requests may be sent without waiting for answers.
 */
export class Connection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, Statement>();
  #transaction: 'none' | 'open' | 'spoiled' = 'none';
  /** What spoiled it. */
  #cause: unknown;

  /** Opens or creates the file and checks it; throws SQLite's errors, with `errcode` 11 for damage that it found. */
  constructor(path: string) {
    this.#database = new SqliteDatabase(path);
    try {
      this.#database.exec('pragma busy_timeout = 5000');
      this.#database.exec('pragma journal_mode = wal');
      this.#database.exec('pragma synchronous = full');
      this.#database.exec('pragma foreign_keys = on');
      this.#database.exec('pragma trusted_schema = off');
      this.#database.exec('pragma journal_size_limit = 67108864');
      const [found] = this.#database.prepare('pragma quick_check(1)').all();
      const verdict = String(Object.values(found ?? {})[0]);
      if (verdict !== 'ok')
        throw Object.assign(new Error(`the database is damaged: ${verdict}`), { errcode: RESULT.corrupt });
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  run(request: Request): Answer {
    switch (request.kind) {
      case 'run':
        return this.#statement(request);
      case 'begin':
        this.#spoilIfFails(() => this.#database.exec('begin immediate'));
        this.#transaction = 'open';
        return NOTHING;
      case 'commit':
        this.#mustBeOpen();
        this.#spoilIfFails(() => this.#database.exec('commit'));
        this.#transaction = 'none';
        return NOTHING;
      case 'rollback':
        this.#transaction = 'none';
        if (this.#database.isTransaction) this.#database.exec('rollback');
        return NOTHING;
      case 'close':
        this.#statements.clear();
        this.#database.close();
        return NOTHING;
    }
  }

  #statement({ sql, parameters, inTransaction }: Request & { readonly kind: 'run' }): Answer {
    const run = (): Answer => {
      const { statement, isReader } = this.#prepare(sql);
      if (isReader) return { rows: statement.all(...parameters), changes: 0 };
      return { rows: [], changes: Number(statement.run(...parameters).changes) };
    };
    if (!inTransaction) return run();
    this.#mustBeOpen();
    return this.#spoilIfFails(run);
  }

  #mustBeOpen(): void {
    if (this.#transaction === 'spoiled') throw this.#cause;
    if (this.#transaction === 'none') throw new Error('no transaction is open');
  }

  #spoilIfFails<Value>(work: () => Value): Value {
    try {
      return work();
    } catch (error) {
      this.#transaction = 'spoiled';
      this.#cause = error;
      throw error;
    }
  }

  #prepare(sql: string): Statement {
    let found = this.#statements.get(sql);
    if (found) this.#statements.delete(sql);
    else {
      const statement = this.#database.prepare(sql);
      found = { statement, isReader: statement.columns().length > 0 };
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined && this.#statements.size >= STATEMENTS_COUNT) this.#statements.delete(oldest);
    }
    this.#statements.set(sql, found);
    return found;
  }
}

export function failureOf(error: unknown): Failure {
  return { code: resultCode(error), message: error instanceof Error ? error.message : String(error) };
}
