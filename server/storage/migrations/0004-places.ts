import type { Kysely, Migration } from 'kysely';

/** Which process adds a report up, where it is not the one that has the task. */
export const places: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema.alterTable('receipts').addColumn('place', 'text').execute();
  },
};
