import type { AdminStore } from '../port.ts';
import type { Database } from './parts.ts';
import { auditRow } from './rows.ts';

export function sqlAdmin(database: Database): AdminStore {
  const save = async (table: 'adminSessions' | 'adminLinks', sha256: string, expiresAt: number): Promise<void> => {
    await database
      .insertInto(table)
      .values({ sha256: sha256 as never, expiresAt })
      .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ expiresAt }))
      .execute();
  };

  return {
    saveSession: (sha256, expiresAt) => save('adminSessions', sha256, expiresAt),

    async session(sha256) {
      const row = await database
        .selectFrom('adminSessions')
        .select('expiresAt')
        .where('sha256', '=', sha256)
        .executeTakeFirst();
      return row?.expiresAt ?? null;
    },

    async removeSession(sha256) {
      await database.deleteFrom('adminSessions').where('sha256', '=', sha256).execute();
    },

    saveLink: (sha256, expiresAt) => save('adminLinks', sha256, expiresAt),

    async useLink(sha256, now) {
      const row = await database
        .deleteFrom('adminLinks')
        .where('sha256', '=', sha256)
        .returning('expiresAt')
        .executeTakeFirst();
      return row !== undefined && row.expiresAt > now;
    },

    removeExpired: (now) =>
      database.transaction().execute(async (work) => {
        await work.deleteFrom('adminSessions').where('expiresAt', '<=', now).execute();
        await work.deleteFrom('adminLinks').where('expiresAt', '<=', now).execute();
      }),

    async appendAudit({ at, actor, action, task, details }) {
      await database
        .insertInto('audit')
        .values({ at, actor, action, task, detailsJson: JSON.stringify(details) })
        .execute();
    },

    async audit(limit) {
      const rows = await database.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(limit).execute();
      return rows.map(auditRow).reverse();
    },

    async setting(key) {
      const row = await database.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst();
      return row?.value ?? null;
    },

    async setSetting(key, value) {
      await database
        .insertInto('settings')
        .values({ key, value })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
        .execute();
    },
  };
}
