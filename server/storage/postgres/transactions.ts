import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Kysely, sql, type Transaction } from 'kysely';
import { UnknownOutcomeError } from '../errors.ts';
import type { Schema } from '../schema.ts';
import { LostCommitError, PassingError } from './errors.ts';
import type { PostgresTables } from './schema.ts';

export type Tables = Schema & PostgresTables;

/** How long conflicts, and a server that is away, are tried again: a restart of PostgreSQL takes less. */
const TRIES_MS = 10_000;
const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 500;

/** Does it again while it fails as PostgreSQL's passing troubles do. Nothing of it may have happened then. */
export async function untilItPasses<Value>(
  work: () => Promise<Value>,
  isEnough = (elapsedMs: number) => elapsedMs > TRIES_MS,
): Promise<Value> {
  const startedMs = performance.now();
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PassingError) || isEnough(performance.now() - startedMs)) throw error;
      await delay(waitMs);
    }
  }
}

/**
 * Transactions that are done again after conflicts and lost connections, and whose end is always known: each leaves its
 * number in a row of its writer. Where the answer to COMMIT is lost, that row is asked for. It is locked until the lost
 * transaction is over, so what it says then is final.
 */
export class Transactions {
  readonly #kysely: Kysely<Tables>;
  readonly #process = randomUUID();
  /** Writers that have no transaction under way. A number in the row of one must not be overwritten before it is read. */
  readonly #free: string[] = [];
  #writersCount = 0;
  #lastNumber = 0;
  #isClosing = false;

  constructor(kysely: Kysely<Tables>) {
    this.#kysely = kysely;
  }

  /** What cannot be answered now is not waited for any longer. */
  close(): void {
    this.#isClosing = true;
  }

  async run<Value>(work: (work: Transaction<Tables>) => Promise<Value>): Promise<Value> {
    const writer = this.#free.pop() ?? `${this.#process}/${++this.#writersCount}`;
    const value = await untilItPasses(() => this.#once(writer, work));
    this.#free.push(writer);
    return value;
  }

  async #once<Value>(writer: string, work: (work: Transaction<Tables>) => Promise<Value>): Promise<Value> {
    const number = ++this.#lastNumber;
    let result: { readonly value: Value } | undefined;
    try {
      return await this.#kysely.transaction().execute(async (transaction) => {
        const value = await work(transaction);
        await this.#leave(transaction, writer, number);
        result = { value };
        return value;
      });
    } catch (error) {
      if (!(error instanceof LostCommitError) || result === undefined) throw error;
      if (await this.#wasCommitted(writer, number, error)) return result.value;
      throw new PassingError(error.message, { cause: error });
    }
  }

  async #leave(transaction: Transaction<Tables>, writer: string, number: number): Promise<void> {
    const at = sql<number>`(extract(epoch from now()) * 1000)::bigint`;
    await transaction
      .insertInto('lastTransactions')
      .values({ writer, number, at })
      .onConflict((conflict) => conflict.column('writer').doUpdateSet({ number, at }))
      .execute();
  }

  /**
   * Waits for whoever holds the row; where there is none, makes it, so that nobody else can. As long as PostgreSQL does not
   * answer nothing better can be done than to ask again: whoever went on could do twice what was done.
   */
  async #wasCommitted(writer: string, number: number, cause: LostCommitError): Promise<boolean> {
    const ask = () =>
      this.#kysely
        .insertInto('lastTransactions')
        .values({ writer, number: -1, at: 0 })
        .onConflict((conflict) => conflict.column('writer').doUpdateSet({ writer }))
        .returning('number')
        .executeTakeFirstOrThrow();
    try {
      return (await untilItPasses(ask, () => this.#isClosing)).number === number;
    } catch (error) {
      throw new UnknownOutcomeError(`${cause.message}, and then: ${error instanceof Error ? error.message : error}`);
    }
  }
}
