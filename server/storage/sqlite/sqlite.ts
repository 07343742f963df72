import { CamelCasePlugin, Kysely, sql } from 'kysely';
import { migrate } from '../migrations/index.ts';
import type { Storage } from '../port.ts';
import type { Schema } from '../schema.ts';
import type { Work } from '../sql/parts.ts';
import { sqlStorage } from '../sql/storage.ts';
import { sqliteDialect } from './dialect.ts';
import { SqliteThread } from './thread.ts';

/**
 * Storage in one SQLite file (WAL, `synchronous=FULL`), made and migrated if need be, checked by `quick_check`. Rejects
 * with `CorruptDatabaseError`, `StorageFullError` or `StorageIoError`. One process at a time: `openStorage` sees to it.
 */
export async function openSqlite(path: string): Promise<Storage> {
  const thread = await SqliteThread.open(path);
  const database = new Kysely<Schema>({
    dialect: sqliteDialect(thread),
    plugins: [new CamelCasePlugin({ underscoreBetweenUppercaseLetters: true })],
  });
  try {
    await migrate(database, 'sqlite');
  } catch (error) {
    await thread.close();
    throw error;
  }
  // `begin immediate` has the whole database, and one connection does one thing after another.
  const transaction = <Value>(work: (work: Work) => Promise<Value>): Promise<Value> =>
    database.transaction().execute(work);
  return sqlStorage({
    read: (work) => work(database),
    snapshot: transaction,
    change: (_tasks, work) => transaction(work),
    now: () => sql<number>`${Date.now()}`,
    close: () => database.destroy(),
  });
}
