import type { Kysely, Migration } from 'kysely';

/** What is told of logins, so that one can be ended by who sees it. Those of before end: nothing was known of them. */
export const sessions: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema.dropTable('admin_sessions').execute();
    await schema
      .createTable('admin_sessions')
      .addColumn('sha256', 'text', (column) => column.primaryKey())
      .addColumn('actor', 'text', (column) => column.notNull().unique())
      .addColumn('proof', 'text')
      .addColumn('began_at', 'bigint', (column) => column.notNull())
      .addColumn('used_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute();
  },
};
