import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditHash, CHAIN_START, checkChain } from './audit-chain.ts';
import { auditChainContract } from './audit-chain-contract.ts';
import { DIGITS, T0 } from './contract-rows.ts';
import type { Storage } from './port.ts';
import { SqliteDatabase } from './sqlite/library.ts';
import { openSqlite } from './sqlite/sqlite.ts';

let folder: string;
let path: string;
let opened: Storage[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedtab-audit-'));
  path = join(folder, 'fedtab.db');
  opened = [];
});
afterEach(async () => {
  for (const storage of opened) await storage.close();
  rmSync(folder, { recursive: true });
});

const storageHere = async (): Promise<Storage> => {
  const storage = await openSqlite(path);
  opened.push(storage);
  return storage;
};
/** Straight into the file, past the port. */
async function write(sql: string): Promise<void> {
  const database = new SqliteDatabase(path);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

it('threat A1: the hash is of these bytes, in every version', () => {
  const row = { at: 1, actor: 'token', action: 'task.stop', task: DIGITS, detailsJson: '{"é":1}' };
  expect(auditHash(CHAIN_START, row)).toBe('514b4159c7b444ea11cc260a0140390a5e8ea68f5970163e741699fc5db0bd40');
});

describe('threat A1: the chain of the audit in SQLite', () =>
  auditChainContract(async () => ({ storage: await storageHere(), write })));

describe('threat A1: the chain of the audit in a file', () => {
  it('a row that was put in between two is found, though it fits to the one before it', async () => {
    const { admin } = await storageHere();
    for (const action of ['task.create', 'task.stop'])
      await admin.appendAudit({ at: T0, actor: 'token', action, task: DIGITS, details: {} });
    await write('drop index audit_previous; update audit set id = 3 where id = 2');
    const [first] = await admin.auditAfter(0, 9);
    const previous = first?.sha256 ?? CHAIN_START;
    const row = { at: T0, actor: 'somebody', action: 'task.stop', task: null, detailsJson: '{}' };
    const sha256 = auditHash(previous, row);
    await write(`insert into audit (id, at, actor, action, task, details_json, previous_sha256, sha256)
      values (2, ${T0}, '${row.actor}', '${row.action}', null, '{}', '${previous}', '${sha256}')`);
    expect(await checkChain(admin)).toMatchObject({
      length: 2,
      fault: { row: { id: 3 }, kind: 'follows' },
    });
  });

  it('rows of a database of before come into it as they are when its tables are brought up to date', async () => {
    await (await openSqlite(path)).close();
    await write(`drop index audit_previous;
      alter table audit drop column previous_sha256;
      alter table audit drop column sha256;
      delete from counters where name = 'audit';
      delete from kysely_migration where name = '0005-audit-chain';
      insert into audit (at, actor, action, details_json) with recursive n (i) as (select 1 union all select i + 1 from n where i < 1200)
        select i, 'token', case when i % 3 = 0 then 'session.refused' else 'task.rounds' end, '{"count":' || i || '}' from n`);
    const { admin } = await storageHere();
    expect(await checkChain(admin)).toMatchObject({ length: 800, outside: 400, fault: null });
    expect((await admin.audit(2)).map(({ details }) => details)).toEqual([{ count: 1199 }, { count: 1200 }]);
    const sha256 = await admin.appendAudit({ at: T0, actor: 'token', action: 'task.stop', task: null, details: {} });
    expect(await checkChain(admin)).toMatchObject({ length: 801, head: sha256, fault: null });
    await write('update audit set at = 0 where id = 7');
    expect((await checkChain(admin)).fault).toMatchObject({ row: { id: 7 }, kind: 'changed' });
  });
});
