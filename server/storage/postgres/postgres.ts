import { CamelCasePlugin, Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { TaskId } from '../../../shared/ids.ts';
import { StorageIoError } from '../errors.ts';
import { migrate } from '../migrations/index.ts';
import type { Database } from '../sql/parts.ts';
import { postgresDialect } from './dialect.ts';
import { LostCommitError, PassingError } from './errors.ts';
import { connectionsTo } from './pool.ts';
import { type Tables, Transactions, untilItPasses } from './transactions.ts';

/** A PostgreSQL database as our adapters use it. Work that is under way is waited for when it closes. */
export class Postgres implements Database {
  readonly #kysely: Kysely<Tables>;
  readonly #transactions: Transactions;
  readonly #underWay = new Set<Promise<unknown>>();
  #isClosed = false;

  /** Nothing is connected yet. A `TypeError` for what is no URL of PostgreSQL. */
  constructor(url: string, connectionsCount?: number) {
    this.#kysely = new Kysely<Tables>({
      dialect: postgresDialect(connectionsTo(url, connectionsCount)),
      plugins: [new CamelCasePlugin({ underscoreBetweenUppercaseLetters: true })],
    });
    this.#transactions = new Transactions(this.#kysely);
  }

  /** Refuses a server that forgets what it has said is durable, and brings the tables up to date. */
  async prepare(): Promise<void> {
    await this.read(async (rows) => {
      for (const name of ['fsync', 'synchronous_commit', 'full_page_writes']) {
        const { setting } = await sql<{ setting: string }>`select current_setting(${name}) as setting`
          .execute(rows)
          .then((found) => found.rows[0] ?? { setting: '' });
        if (setting === 'off') {
          throw new StorageIoError(`PostgreSQL runs with ${name} = off: what it acknowledges may be lost`);
        }
      }
    });
    await this.#counted(() => untilItPasses(() => migrate(this.#kysely, 'postgres')));
  }

  read<Value>(work: (rows: Kysely<Tables>) => Promise<Value>): Promise<Value> {
    return this.#counted(() => untilItPasses(() => work(this.#kysely)));
  }

  snapshot<Value>(work: (work: Transaction<Tables>) => Promise<Value>): Promise<Value> {
    const transaction = this.#kysely.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
    return this.#counted(() =>
      untilItPasses(() =>
        transaction.execute(work).catch((error: unknown) => {
          throw error instanceof LostCommitError ? new PassingError(error.message, { cause: error }) : error;
        }),
      ),
    );
  }

  /**
   * Statements of a transaction see what others committed before each of them, so whatever it reads to decide by must be
   * locked: all that hangs on a task goes with the task's row. Rows are locked in the order of their ids.
   */
  change<Value>(tasks: readonly TaskId[], work: (work: Transaction<Tables>) => Promise<Value>): Promise<Value> {
    return this.#counted(() =>
      this.#transactions.run(async (transaction) => {
        if (tasks.length > 0) {
          await transaction
            .selectFrom('tasks')
            .select('id')
            .where('id', 'in', tasks)
            .orderBy('id')
            .forUpdate()
            .execute();
        }
        return work(transaction);
      }),
    );
  }

  now(): RawBuilder<number> {
    return sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#transactions.close();
    await Promise.allSettled(this.#underWay);
    await this.#kysely.destroy();
  }

  async #counted<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#isClosed) throw new StorageIoError('the database is closed');
    const underWay = work();
    this.#underWay.add(underWay);
    try {
      return await underWay;
    } finally {
      this.#underWay.delete(underWay);
    }
  }
}
