import { checkChain } from '../../server/storage/audit-chain.ts';
import { committedRound, createdTask, DIGITS, reportingRound, sha, T0 } from '../../server/storage/contract-rows.ts';
import type { Storage } from '../../server/storage/port.ts';

/** Bring a database of today back to the first version. */
export const TO_FIRST = [
  'drop index audit_previous',
  'alter table audit drop column previous_sha256',
  'alter table audit drop column sha256',
  "delete from counters where name = 'audit'",
  'alter table receipts drop column place',
  'drop table admin_sessions',
  'create table admin_sessions (sha256 text primary key, expires_at bigint not null)',
  'drop table admin_tickets',
  "delete from kysely_migration where name > '0001-z'",
];

/** Puts a task in the middle of a round into a database, and closes it; resolves to its rows. */
export async function filled(storage: Storage): Promise<unknown> {
  const fence = await createdTask(storage);
  await committedRound(storage, fence, 1, 3);
  await reportingRound(storage, fence, 2, 3);
  for (const action of ['task.create', 'session.refused', 'task.rounds'])
    await storage.admin.appendAudit({ at: T0, actor: 'token', action, task: DIGITS, details: {} });
  const rows = await rowsOf(storage);
  await storage.close();
  return rows;
}

export async function rowsOf(storage: Storage): Promise<unknown> {
  return {
    // Tables that the migrations make.
    ticket: await storage.admin.useTicket(sha(1), 0),
    sessions: await storage.admin.sessions(),
    task: await storage.tasks.get(DIGITS),
    checkpoints: await storage.checkpoints.list(DIGITS),
    receipts: [await storage.rounds.receiptsOf(DIGITS, 1), await storage.rounds.receiptsOf(DIGITS, 2)],
    open: await storage.rounds.unfinished(DIGITS),
    audit: await storage.admin.audit(9),
    // The hashes that a migration gives are those that it had.
    chain: await checkChain(storage.admin),
  };
}
