import type { Kysely, Migration } from 'kysely';

/** Tickets of dashboards, which any process may redeem. */
export const tickets: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema
      .createTable('admin_tickets')
      .addColumn('sha256', 'text', (column) => column.primaryKey())
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('login_expires_at', 'bigint')
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute();
  },
};
