import { type Kysely, type Migration, sql } from 'kysely';

/** Everything of the first release. Column types are ones that both databases have, but for keys that number themselves. */
export const first = (kind: 'sqlite' | 'postgres'): Migration => ({
  async up(database: Kysely<unknown>) {
    const { schema } = database;

    await schema
      .createTable('tasks')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('spec_json', 'text', (column) => column.notNull())
      .addColumn('closed', 'integer', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('rounds_left', 'bigint', (column) => column.notNull())
      .addColumn('evaluation_wanted', 'integer', (column) => column.notNull())
      .addColumn('paused_reason', 'text')
      .addColumn('abandoned_in_a_row', 'bigint', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('archived_at', 'bigint')
      .addColumn('fence', 'bigint', (column) => column.notNull())
      .addColumn('lease_holder', 'text')
      .addColumn('lease_ends_at', 'bigint')
      .execute();

    await schema
      .createTable('checkpoints')
      .addColumn('task', 'text', (column) => column.notNull().references('tasks.id').onDelete('cascade'))
      .addColumn('version', 'bigint', (column) => column.notNull())
      .addColumn('sha256', 'text', (column) => column.notNull())
      .addColumn('bytes', 'bigint', (column) => column.notNull())
      .addColumn('optimizer_sha256', 'text')
      .addColumn('step_sha256', 'text')
      .addColumn('step_bytes', 'bigint')
      .addColumn('origin', 'text', (column) => column.notNull())
      .addColumn('round', 'bigint')
      .addColumn('copy_of', 'bigint')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('metrics_json', 'text')
      .addColumn('kept', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('checkpoints_key', ['task', 'version'])
      .execute();
    await schema.createIndex('checkpoints_sha256').on('checkpoints').column('sha256').execute();
    await schema.createIndex('checkpoints_step_sha256').on('checkpoints').column('step_sha256').execute();

    await schema
      .createTable('rounds')
      .addColumn('task', 'text', (column) => column.notNull().references('tasks.id').onDelete('cascade'))
      .addColumn('number', 'bigint', (column) => column.notNull())
      .addColumn('purpose', 'text', (column) => column.notNull())
      .addColumn('schedule', 'text', (column) => column.notNull())
      .addColumn('base_version', 'bigint', (column) => column.notNull())
      .addColumn('phase', 'text', (column) => column.notNull())
      .addColumn('selection_ends_at', 'bigint', (column) => column.notNull())
      .addColumn('reporting_ends_at', 'bigint')
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('ended_at', 'bigint')
      .addColumn('outcome', 'text')
      .addColumn('reason', 'text')
      .addColumn('version', 'bigint')
      .addColumn('selected', 'bigint', (column) => column.notNull())
      .addColumn('accepted', 'bigint', (column) => column.notNull())
      .addColumn('rejected_json', 'text', (column) => column.notNull())
      .addColumn('late', 'bigint', (column) => column.notNull())
      .addColumn('surplus', 'bigint', (column) => column.notNull())
      .addColumn('dropped', 'bigint', (column) => column.notNull())
      .addColumn('uplink_bytes', 'bigint', (column) => column.notNull())
      .addColumn('downlink_bytes', 'bigint', (column) => column.notNull())
      .addColumn('evaluation_json', 'text')
      .addPrimaryKeyConstraint('rounds_key', ['task', 'number'])
      .execute();
    // At most one round of a task is under way, whoever writes.
    await sql`create unique index rounds_under_way on rounds (task) where phase <> 'ended'`.execute(database);

    await schema
      .createTable('assignments')
      .addColumn('task', 'text', (column) => column.notNull())
      .addColumn('round', 'bigint', (column) => column.notNull())
      .addColumn('slot', 'bigint', (column) => column.notNull())
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('token', 'text', (column) => column.notNull().unique())
      .addColumn('update_id', 'text', (column) => column.notNull().unique())
      .addColumn('seed', 'bigint', (column) => column.notNull())
      .addColumn('base_version', 'bigint')
      .addColumn('base_sha256', 'text')
      .addColumn('ends_at', 'bigint')
      .addColumn('ended', 'text')
      .addColumn('rejection', 'text')
      .addPrimaryKeyConstraint('assignments_key', ['task', 'round', 'slot'])
      // In this order, here and in the receipts: "Delete my data" looks for all of a client.
      .addUniqueConstraint('assignments_client', ['task', 'client_id', 'round', 'slot'])
      .addForeignKeyConstraint('assignments_round', ['task', 'round'], 'rounds', ['task', 'number'], (key) =>
        key.onDelete('cascade'),
      )
      .execute();

    await schema
      .createTable('receipts')
      .addColumn('update_id', 'text', (column) => column.primaryKey())
      .addColumn('task', 'text', (column) => column.notNull())
      .addColumn('round', 'bigint', (column) => column.notNull())
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('sha256', 'text', (column) => column.notNull())
      .addColumn('bytes', 'bigint', (column) => column.notNull())
      .addColumn('examples', 'bigint', (column) => column.notNull())
      .addColumn('steps', 'bigint', (column) => column.notNull())
      .addColumn('norm', 'double precision', (column) => column.notNull())
      .addColumn('metrics_json', 'text', (column) => column.notNull())
      .addColumn('fold_order', 'bigint', (column) => column.notNull())
      .addColumn('accepted_at', 'bigint', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('version', 'bigint')
      .addColumn('reason', 'text')
      .addUniqueConstraint('receipts_client', ['task', 'client_id', 'round', 'fold_order'])
      .addUniqueConstraint('receipts_order', ['task', 'round', 'fold_order'])
      .addForeignKeyConstraint('receipts_round', ['task', 'round'], 'rounds', ['task', 'number'], (key) =>
        key.onDelete('cascade'),
      )
      .execute();

    for (const table of ['admin_sessions', 'admin_links']) {
      await schema
        .createTable(table)
        .addColumn('sha256', 'text', (column) => column.primaryKey())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .execute();
    }

    await schema
      .createTable('audit')
      .addColumn('id', kind === 'sqlite' ? 'integer' : 'bigint', (column) =>
        kind === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey().generatedAlwaysAsIdentity(),
      )
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('action', 'text', (column) => column.notNull())
      .addColumn('task', 'text')
      .addColumn('details_json', 'text', (column) => column.notNull())
      .execute();

    await schema
      .createTable('settings')
      .addColumn('key', 'text', (column) => column.primaryKey())
      .addColumn('value', 'text', (column) => column.notNull())
      .execute();

    await schema
      .createTable('counters')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('value', 'bigint', (column) => column.notNull())
      .execute();
    await sql`insert into counters (name, value) values ('fence', 0)`.execute(database);
  },
});
