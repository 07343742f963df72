import { type Kysely, type Migration, Migrator } from 'kysely';
import { CorruptDatabaseError } from '../errors.ts';
import { first } from './0001-first.ts';

/** In the order of their names. A migration that was released is never changed: add another. */
const MIGRATIONS: Readonly<Record<string, Migration>> = { '0001-first': first };

/** Brings the tables up to date, all or nothing; refuses a database that a newer Fedtab wrote. */
export async function migrate<Tables>(database: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  const { error } = await migrator.migrateToLatest();
  if (error instanceof Error && error.message.startsWith('corrupted migrations')) {
    throw new CorruptDatabaseError(`the database does not fit this version of Fedtab: ${error.message}`);
  }
  if (error) throw error;
}
