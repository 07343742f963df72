import { type Kysely, type Migration, sql } from 'kysely';
import { auditHash, CHAIN_START, isChained } from '../audit-chain.ts';
import type { KeptAuditRow } from '../port.ts';

const ROWS_AT_A_TIME = 500;

/**
 * The audit becomes a chain (`audit-chain.ts`). Rows of before come into it as they are now: nothing can vouch for what became of them
 * earlier, and left outside nobody could tell them from one that is put in later.
 */
export const auditChain: Migration = {
  async up(database: Kysely<{ audit: KeptAuditRow }>) {
    const { schema } = database;
    await schema.alterTable('audit').addColumn('previous_sha256', 'text').execute();
    await schema.alterTable('audit').addColumn('sha256', 'text').execute();
    let last = CHAIN_START;
    for (let after = Number.MIN_SAFE_INTEGER, isMore = true; isMore; ) {
      const rows = await database
        .selectFrom('audit')
        .selectAll()
        .where('id', '>', after)
        .orderBy('id')
        .limit(ROWS_AT_A_TIME)
        .execute();
      for (const row of rows) {
        after = row.id;
        if (!isChained(row.action)) continue;
        const [previousSha256, sha256] = [last, auditHash(last, row)];
        await database.updateTable('audit').set({ previousSha256, sha256 }).where('id', '=', row.id).execute();
        last = sha256;
      }
      isMore = rows.length === ROWS_AT_A_TIME;
    }
    // No row has two that follow it, whoever writes.
    await schema.createIndex('audit_previous').unique().on('audit').column('previous_sha256').execute();
    await sql`insert into counters (name, value) values ('audit', 0)`.execute(database);
  },
};
