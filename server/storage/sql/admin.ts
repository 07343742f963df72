import { sql } from 'kysely';
import type { Sha256 } from '../../../shared/ids.ts';
import { auditHash, CHAIN_START, isChained } from '../audit-chain.ts';
import type { AdminStore } from '../port.ts';
import type { Database, Work } from './parts.ts';
import { auditRow } from './rows.ts';

export function sqlAdmin(database: Database): AdminStore {
  return {
    async saveSession(row) {
      await database.change([], (work) => work.insertInto('adminSessions').values(row).execute());
    },

    async session(sha256) {
      const row = await database.read((rows) =>
        rows.selectFrom('adminSessions').selectAll().where('sha256', '=', sha256).executeTakeFirst(),
      );
      return row ?? null;
    },

    sessions: () =>
      database.read((rows) => rows.selectFrom('adminSessions').selectAll().orderBy('usedAt', 'desc').execute()),

    async useSession(actor, usedAt, expiresAt) {
      await database.change([], (work) =>
        work.updateTable('adminSessions').set({ usedAt, expiresAt }).where('actor', '=', actor).execute(),
      );
    },

    async removeSession(actor) {
      const removed = await database.change([], (work) =>
        work.deleteFrom('adminSessions').where('actor', '=', actor).returning('actor').execute(),
      );
      return removed.length > 0;
    },

    async saveLink(sha256, expiresAt) {
      await database.change([], (work) =>
        work
          .insertInto('adminLinks')
          .values({ sha256, expiresAt })
          .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ expiresAt }))
          .execute(),
      );
    },

    async useLink(sha256, now) {
      const row = await database.change([], (work) =>
        work.deleteFrom('adminLinks').where('sha256', '=', sha256).returning('expiresAt').executeTakeFirst(),
      );
      return row !== undefined && row.expiresAt > now;
    },

    async saveTicket(sha256, { actor, expiresAt: loginExpiresAt }, expiresAt) {
      await database.change([], (work) =>
        work.insertInto('adminTickets').values({ sha256, actor, loginExpiresAt, expiresAt }).execute(),
      );
    },

    async useTicket(sha256, now) {
      const row = await database.change([], (work) =>
        work
          .deleteFrom('adminTickets')
          .where('sha256', '=', sha256)
          .returning(['actor', 'loginExpiresAt', 'expiresAt'])
          .executeTakeFirst(),
      );
      return row !== undefined && row.expiresAt > now ? { actor: row.actor, expiresAt: row.loginExpiresAt } : null;
    },

    async removeTickets(actor) {
      await database.change([], (work) => work.deleteFrom('adminTickets').where('actor', '=', actor).execute());
    },

    removeExpired: (now) =>
      database.change([], async (work) => {
        await work.deleteFrom('adminSessions').where('expiresAt', '<=', now).execute();
        await work.deleteFrom('adminLinks').where('expiresAt', '<=', now).execute();
        await work.deleteFrom('adminTickets').where('expiresAt', '<=', now).execute();
      }),

    appendAudit({ at, actor, action, task, details }) {
      const row = { at, actor, action, task, detailsJson: JSON.stringify(details) };
      return database.change([], async (work) => {
        const previousSha256 = isChained(action) ? await chainHead(work) : null;
        const sha256 = previousSha256 === null ? null : auditHash(previousSha256, row);
        await work
          .insertInto('audit')
          .values({ ...row, previousSha256, sha256 })
          .execute();
        return sha256;
      });
    },

    async trimAudit(action, keptCount) {
      await database.change([], async (work) => {
        const last = await work
          .selectFrom('audit')
          .select('id')
          .where('action', '=', action)
          .where('sha256', 'is', null)
          .orderBy('id', 'desc')
          .offset(keptCount)
          .limit(1)
          .executeTakeFirst();
        if (last !== undefined)
          await work
            .deleteFrom('audit')
            .where('action', '=', action)
            .where('sha256', 'is', null)
            .where('id', '<=', last.id)
            .execute();
      });
    },

    async audit(limit) {
      const last = await database.read((rows) =>
        rows.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(limit).execute(),
      );
      return last.map(auditRow).reverse();
    },

    auditAfter: (id, limit) =>
      database.read((rows) =>
        rows.selectFrom('audit').selectAll().where('id', '>', id).orderBy('id').limit(limit).execute(),
      ),

    async setting(key) {
      const row = await database.read((rows) =>
        rows.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst(),
      );
      return row?.value ?? null;
    },

    async claimSetting(key, value) {
      await database.change([], (work) =>
        work
          .insertInto('settings')
          .values({ key, value })
          .onConflict((conflict) => conflict.column('key').doNothing())
          .execute(),
      );
      return (await this.setting(key)) ?? value;
    },

    async setSetting(key, value) {
      await database.change([], (work) =>
        work
          .insertInto('settings')
          .values({ key, value })
          .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
          .execute(),
      );
    },

    async advance(key, by) {
      const added = sql<string>`cast(cast(settings.value as bigint) + ${by} as text)`;
      const { value } = await database.change([], (work) =>
        work
          .insertInto('settings')
          .values({ key, value: String(by) })
          .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: added }))
          .returning('value')
          .executeTakeFirstOrThrow(),
      );
      return Number(value) - by;
    },
  };
}

/**
 * The hash that the next row follows, for this transaction alone: all that append, at whichever process, queue up for the counter's row
 * until it is committed, and ids are given out in that order. The unique index would refuse a fork that came about in another way.
 */
async function chainHead(work: Work): Promise<Sha256> {
  await work.updateTable('counters').set({ value: sql<number>`value + 1` }).where('name', '=', 'audit').execute();
  const last = await work
    .selectFrom('audit')
    .select('sha256')
    .where('sha256', 'is not', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last?.sha256 ?? CHAIN_START;
}
