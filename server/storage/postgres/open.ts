import type { Storage } from '../port.ts';
import { sqlStorage } from '../sql/storage.ts';
import { Postgres } from './postgres.ts';

/**
 * Storage in a PostgreSQL database, whose tables are made and migrated if need be. Rejects with `StorageIoError` where it
 * cannot be reached or is not durable, and `CorruptDatabaseError` where a newer Fedtab wrote it.
 */
export async function openPostgres(url: string): Promise<Storage> {
  const database = new Postgres(url);
  try {
    await database.prepare();
  } catch (error) {
    await database.close();
    throw error;
  }
  return sqlStorage(database);
}
