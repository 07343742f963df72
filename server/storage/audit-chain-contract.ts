import { beforeEach, expect, it } from 'vitest';
import type { Sha256 } from '../../shared/ids.ts';
import { auditHash, CHAIN_START, checkChain } from './audit-chain.ts';
import { DIGITS, T0 } from './contract-rows.ts';
import type { KeptAuditRow, Storage } from './port.ts';

/** A storage without audit rows, and a way past the port into its database. */
export interface Opened {
  readonly storage: Pick<Storage, 'admin'>;
  write(sql: string): Promise<unknown>;
}

/** What the chain of the audit shows of somebody who can write to the database, and what it does not. */
export function auditChainContract(open: () => Promise<Opened>): void {
  let storage: Opened['storage'];
  let write: Opened['write'];
  /** Of rows 1, 3, 4 and 6; 2 and 5 are refused logins. */
  let hashes: (Sha256 | null)[];
  const append = (action: string, at = T0) =>
    storage.admin.appendAudit({ at, actor: 'token', action, task: DIGITS, details: { rounds: 7, 'it’s': null } });
  const check = (anchor?: Sha256 | null) => checkChain(storage.admin, anchor);
  const rows = () => storage.admin.auditAfter(0, 100);
  const last = () => hashes.at(-1) ?? null;

  beforeEach(async () => {
    ({ storage, write } = await open());
    hashes = [];
    for (const [index, action] of [
      ...['task.create', 'session.refused', 'task.rounds', 'task.stop', 'session.refused', 'task.delete'],
    ].entries())
      hashes.push(await append(action, T0 + index));
  });

  it.each([
    `at = ${T0}`,
    "actor = 'somebody'",
    "action = 'task.pause'",
    "action = 'session.refused'",
    'task = null',
    `details_json = '{"rounds":8}'`,
    `sha256 = '${'1'.repeat(64)}'`,
    `previous_sha256 = '${'1'.repeat(64)}'`,
  ])('a row that was changed is found: %s', async (change) => {
    await write(`update audit set ${change} where id = 3`);
    expect(await check(hashes[3])).toMatchObject({
      length: 1,
      sinceAnchor: null,
      fault: { row: { id: 3 }, kind: 'changed' },
    });
  });

  it.each([
    { removed: [1], at: 3 },
    { removed: [3], at: 4 },
    { removed: [3, 4], at: 6 },
  ])('rows that were removed are found by the one after them: $removed', async ({ removed, at }) => {
    await write(`delete from audit where id in (${removed.join()})`);
    expect((await check()).fault).toMatchObject({ row: { id: at }, kind: 'follows' });
  });

  it('a row that is called a refused login leaves a gap', async () => {
    await write("update audit set action = 'session.refused', sha256 = null, previous_sha256 = null where id = 4");
    expect((await check()).fault).toMatchObject({ row: { id: 6 }, kind: 'follows' });
  });

  it('a row that was put in is found, with a hash or without one', async () => {
    const columns = 'at, actor, action, task, details_json';
    await write(`insert into audit (${columns}) select ${columns} from audit where id = 3`);
    await append('task.create');
    expect((await check()).fault).toMatchObject({ row: { id: 7 }, kind: 'unchained' });
    await write('delete from audit where id = 7');
    expect(await check()).toMatchObject({ length: 5, fault: null });
    // Only one row follows another, whoever writes; and without the index the next one does not follow it.
    const second = `insert into audit (${columns}, previous_sha256, sha256)
      select ${columns}, previous_sha256, sha256 from audit where id = 6`;
    await expect(write(second)).rejects.toThrow(/unique/i);
    await write('drop index audit_previous');
    await write(second);
    expect((await check()).fault).toMatchObject({ row: { action: 'task.delete' }, kind: 'follows' });
    await write('delete from audit where id > 8');
    await write('create unique index audit_previous on audit (previous_sha256)');
  });

  it('an end that was cut off is shown by an anchor alone, and so is a chain that was made anew', async () => {
    expect(await check(hashes[2])).toMatchObject({ sinceAnchor: 2, fault: null });
    expect(await check(last())).toMatchObject({ sinceAnchor: 0, fault: null });
    await write('delete from audit where id = 6');
    expect(await check(hashes[2])).toMatchObject({ length: 3, sinceAnchor: 1, fault: null });
    expect(await check(last())).toMatchObject({ sinceAnchor: null, fault: null });
    await append('task.archive');
    expect(await check(last())).toMatchObject({ length: 4, sinceAnchor: null, fault: null });

    await write("update audit set actor = 'somebody' where id = 1");
    const forged: KeptAuditRow[] = [];
    for (const row of (await rows()).filter(({ sha256 }) => sha256 !== null)) {
      const previousSha256 = forged.at(-1)?.sha256 ?? CHAIN_START;
      forged.push({ ...row, previousSha256, sha256: auditHash(previousSha256, row) });
    }
    await write('update audit set previous_sha256 = null');
    for (const { id, previousSha256, sha256 } of forged)
      await write(`update audit set previous_sha256 = '${previousSha256}', sha256 = '${sha256}' where id = ${id}`);
    expect(await check(hashes[0])).toMatchObject({ length: 4, sinceAnchor: null, fault: null });
  });

  it('an empty chain has no head', async () => {
    await write('delete from audit');
    expect(await check()).toEqual({ length: 0, head: null, outside: 0, sinceAnchor: null, fault: null });
  });
}
