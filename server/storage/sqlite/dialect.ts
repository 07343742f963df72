import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { BugError } from '../../../shared/assert.ts';
import type { SqliteValue } from './messages.ts';
import type { SqliteThread } from './thread.ts';

/** Kysely on the database's thread. Kysely's own dialect calls the driver in this thread and binds differently. */
export function sqliteDialect(thread: SqliteThread): Dialect {
  return {
    createAdapter: () => new Adapter(),
    createDriver: () => new ThreadDriver(thread),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** SQLite takes DDL back with its transaction: a migration is done wholly or not at all. */
class Adapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class ThreadDriver implements Driver {
  readonly #thread: SqliteThread;
  /** Ends when the connection is free for whoever asks next: one at a time, in order. */
  #free: Promise<void> = Promise.resolve();

  constructor(thread: SqliteThread) {
    this.#thread = thread;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#free;
    let release = (): void => {};
    this.#free = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    return new ThreadConnection(this.#thread, release);
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    threadConnection(connection).begin();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await threadConnection(connection).end('commit');
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await threadConnection(connection).end('rollback');
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    threadConnection(connection).release();
  }

  async destroy(): Promise<void> {
    await this.#free;
    await this.#thread.close();
  }
}

class ThreadConnection implements DatabaseConnection {
  readonly #thread: SqliteThread;
  readonly release: () => void;
  #inTransaction = false;

  constructor(thread: SqliteThread, release: () => void) {
    this.#thread = thread;
    this.release = release;
  }

  /** Not waited for: if it fails, the thread refuses what follows in this transaction, and says so. */
  begin(): void {
    this.#inTransaction = true;
    this.#thread.send({ kind: 'begin' }).catch(() => {});
  }

  async end(kind: 'commit' | 'rollback'): Promise<void> {
    await this.#thread.send({ kind });
    this.#inTransaction = false;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const request = {
      kind: 'run',
      sql,
      parameters: parameters as SqliteValue[],
      inTransaction: this.#inTransaction,
    } as const;
    const { rows, changes } = await this.#thread.send(request);
    return { rows: rows as Row[], numAffectedRows: BigInt(changes) };
  }

  // biome-ignore lint/correctness/useYield: Kysely asks for a generator; nothing here streams.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new BugError('rows are not streamed: ask for a page of them');
  }
}

function threadConnection(connection: DatabaseConnection): ThreadConnection {
  return connection as ThreadConnection;
}
