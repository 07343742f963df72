import type { Kysely, Migration } from 'kysely';

/** What only PostgreSQL has: bytes that every process reaches, and the memory of transactions whose end nobody heard. */
export const postgresFirst: Migration = {
  async up(database: Kysely<unknown>) {
    const { schema } = database;

    await schema
      .createTable('last_transactions')
      .addColumn('writer', 'text', (column) => column.primaryKey())
      .addColumn('number', 'bigint', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .execute();

    await schema
      .createTable('blobs')
      .addColumn('sha256', 'text', (column) => column.primaryKey())
      .addColumn('bytes', 'bigint', (column) => column.notNull())
      .addColumn('stored_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createTable('blob_pieces')
      .addColumn('sha256', 'text', (column) => column.notNull().references('blobs.sha256').onDelete('cascade'))
      .addColumn('piece', 'integer', (column) => column.notNull())
      .addColumn('content', 'bytea', (column) => column.notNull())
      .addPrimaryKeyConstraint('blob_pieces_key', ['sha256', 'piece'])
      .execute();

    await schema
      .createTable('reports')
      .addColumn('update_id', 'text', (column) => column.primaryKey())
      .addColumn('task', 'text', (column) => column.notNull())
      .addColumn('round', 'bigint', (column) => column.notNull())
      .addColumn('sha256', 'text', (column) => column.notNull())
      .addColumn('bytes', 'bigint', (column) => column.notNull())
      .execute();
    await schema.createIndex('reports_round').on('reports').columns(['task', 'round']).execute();
    await schema
      .createTable('report_pieces')
      .addColumn('update_id', 'text', (column) => column.notNull().references('reports.update_id').onDelete('cascade'))
      .addColumn('piece', 'integer', (column) => column.notNull())
      .addColumn('content', 'bytea', (column) => column.notNull())
      .addPrimaryKeyConstraint('report_pieces_key', ['update_id', 'piece'])
      .execute();
  },
};
