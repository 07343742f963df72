import { type Kysely, type Migration, Migrator } from 'kysely';
import { CorruptDatabaseError } from '../errors.ts';
import { first } from './0001-first.ts';
import { postgresFirst } from './0001-postgres.ts';
import { tickets } from './0002-tickets.ts';
import { sessions } from './0003-sessions.ts';
import { places } from './0004-places.ts';
import { auditChain } from './0005-audit-chain.ts';

export type DatabaseKind = 'sqlite' | 'postgres';

/** In the order of their names. A migration that was released is never changed: add another. */
const migrationsOf = (kind: DatabaseKind): Record<string, Migration> => ({
  '0001-first': first(kind),
  ...(kind === 'postgres' ? { '0001-postgres': postgresFirst } : {}),
  '0002-tickets': tickets,
  '0003-sessions': sessions,
  '0004-places': places,
  '0005-audit-chain': auditChain,
});

/** Brings the tables up to date, all or nothing; refuses a database that a newer Fedtab wrote. */
export async function migrate<Tables>(database: Kysely<Tables>, kind: DatabaseKind): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrationsOf(kind) } });
  const { error } = await migrator.migrateToLatest();
  if (error instanceof Error && error.message.startsWith('corrupted migrations')) {
    throw new CorruptDatabaseError(`the database does not fit this version of Fedtab: ${error.message}`);
  }
  if (error) throw error;
}
