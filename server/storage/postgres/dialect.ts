import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from 'kysely';
import type { Pool, PoolClient, QueryResult as Result } from 'pg';
import { BugError } from '../../../shared/assert.ts';
import { StorageIoError } from '../errors.ts';
import { errorOf, LostCommitError, losesReply } from './errors.ts';

/** Kysely on connections of ours. Its own dialect gives out the errors of `pg`, and a COMMIT that failed as done. */
export function postgresDialect(pool: Pool): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PoolDriver(pool),
    createIntrospector: (database) => new PostgresIntrospector(database),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

class PoolDriver implements Driver {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#pool.ending) throw new StorageIoError('the database is closed');
    try {
      return new PoolConnection(await this.#pool.connect());
    } catch (error) {
      throw errorOf(error);
    }
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    await poolConnection(connection).begin(settings);
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await poolConnection(connection).commit();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await poolConnection(connection).rollback();
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    poolConnection(connection).release();
  }

  async destroy(): Promise<void> {
    await this.#pool.end();
  }
}

class PoolConnection implements DatabaseConnection {
  readonly #client: PoolClient;
  /** Nobody can know what a connection still answers after some failures: it is closed instead of given to the next. */
  #isBroken = false;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  async begin({ isolationLevel, accessMode }: TransactionSettings): Promise<void> {
    const level = isolationLevel === undefined ? '' : ` isolation level ${isolationLevel}`;
    await this.#query(`begin${level}${accessMode === undefined ? '' : ` ${accessMode}`}`);
  }

  /** PostgreSQL answers a COMMIT of a transaction in which something failed by taking it back, and without an error. */
  async commit(): Promise<void> {
    const { command } = await this.#client.query('commit').catch((error: unknown) => {
      this.#isBroken = true;
      throw losesReply(error) ? new LostCommitError('no answer to COMMIT', { cause: error }) : errorOf(error);
    });
    if (command !== 'COMMIT') throw new BugError('a statement of this transaction failed, and nobody looked');
  }

  async rollback(): Promise<void> {
    if (this.#isBroken) return;
    await this.#client.query('rollback').catch(() => {
      this.#isBroken = true;
    });
  }

  release(): void {
    this.#client.release(this.#isBroken);
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { command, rowCount, rows } = await this.#query(sql, parameters);
    return command === 'SELECT' ? { rows } : { rows, numAffectedRows: BigInt(rowCount ?? 0) };
  }

  // biome-ignore lint/correctness/useYield: Kysely asks for a generator; nothing here streams.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new BugError('rows are not streamed: ask for a page of them');
  }

  async #query(sql: string, parameters: readonly unknown[] = []): Promise<Result> {
    try {
      return await this.#client.query(sql, [...parameters]);
    } catch (error) {
      if (losesReply(error)) this.#isBroken = true;
      throw errorOf(error);
    }
  }
}

function poolConnection(connection: DatabaseConnection): PoolConnection {
  return connection as PoolConnection;
}
