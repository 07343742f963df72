import { beforeEach, expect, it } from 'vitest';
import { auditHash, CHAIN_START, checkChain } from './audit-chain.ts';
import { DIGITS, sha, T0 } from './contract-rows.ts';
import type { Storage } from './port.ts';

/** What every adapter does for logins, the audit log and settings. `opened` is an empty one for each test. */
export function adminContract(opened: () => Storage): void {
  let admin: Storage['admin'];
  beforeEach(() => {
    admin = opened().admin;
  });

  it('keeps sessions until they are removed or expire', async () => {
    const row = { actor: 'session-1', sha256: sha(1), proof: null, beganAt: T0, usedAt: T0, expiresAt: T0 + 10 };
    const other = { ...row, actor: 'session-2', sha256: sha(2), proof: sha(9), usedAt: T0 + 1, expiresAt: T0 + 11 };
    await admin.saveSession(row);
    await admin.saveSession(other);
    expect(await admin.sessions()).toEqual([other, row]);
    await admin.useSession('session-1', T0 + 2, T0 + 20);
    await admin.useSession('session-3', T0 + 2, T0 + 20);
    const used = { ...row, usedAt: T0 + 2, expiresAt: T0 + 20 };
    expect(await admin.sessions()).toEqual([used, other]);
    expect(await admin.session(sha(1))).toEqual(used);
    await admin.removeExpired(T0 + 11);
    expect(await admin.session(sha(2))).toBeNull();
    expect(await admin.removeSession('session-1')).toBe(true);
    expect(await admin.removeSession('session-1')).toBe(false);
    expect(await admin.session(sha(1))).toBeNull();
  });

  it('lets a link be used once, in time', async () => {
    await admin.saveLink(sha(1), T0 + 10);
    await admin.saveLink(sha(2), T0 + 10);
    await admin.saveLink(sha(3), T0 + 10);
    const uses = await Promise.all([admin.useLink(sha(1), T0 + 9), admin.useLink(sha(1), T0 + 9)]);
    expect([...uses].sort()).toEqual([false, true]);
    expect(await admin.useLink(sha(2), T0 + 10)).toBe(false);
    expect(await admin.useLink(sha(9), T0)).toBe(false);
    await admin.removeExpired(T0 + 10);
    expect(await admin.useLink(sha(3), T0)).toBe(false);
  });

  it('gives a ticket to one who asks, in time, unless its login is over', async () => {
    const holder = { actor: 'session-1', expiresAt: T0 + 99 };
    for (const [at, whose] of [holder, holder, { actor: 'token', expiresAt: null }, holder].entries())
      await admin.saveTicket(sha(at), whose, T0 + 10);
    const uses = await Promise.all([admin.useTicket(sha(0), T0 + 9), admin.useTicket(sha(0), T0 + 9)]);
    expect(uses.filter((use) => use !== null)).toEqual([holder]);
    expect(await admin.useTicket(sha(1), T0 + 10)).toBeNull();
    await admin.removeTickets('session-1');
    expect(await admin.useTicket(sha(3), T0)).toBeNull();
    expect(await admin.useTicket(sha(2), T0)).toEqual({ actor: 'token', expiresAt: null });
    await admin.saveTicket(sha(5), holder, T0 + 10);
    await admin.removeExpired(T0 + 10);
    expect(await admin.useTicket(sha(5), T0)).toBeNull();
  });

  it('lists the last audit rows, oldest first', async () => {
    for (const at of [3, 1, 2]) {
      await admin.appendAudit({
        at,
        actor: 'system',
        action: 'task.create',
        task: null,
        details: { deep: { at } },
      });
    }
    expect(await admin.audit(2)).toEqual([
      { at: 1, actor: 'system', action: 'task.create', task: null, details: { deep: { at: 1 } } },
      { at: 2, actor: 'system', action: 'task.create', task: null, details: { deep: { at: 2 } } },
    ]);
  });

  it('keeps the newest audit rows of an action that anybody may cause, and all of others', async () => {
    const append = (at: number, action: string) =>
      admin.appendAudit({ at, actor: 'anonymous', action, task: null, details: {} });
    for (const at of [1, 2, 3, 4]) await append(at, at === 2 ? 'session.start' : 'session.refused');
    const kept = async () => (await admin.audit(9)).map(({ at }) => at);
    await admin.trimAudit('session.refused', 3);
    expect(await kept()).toEqual([1, 2, 3, 4]);
    await admin.trimAudit('session.refused', 1);
    expect(await kept()).toEqual([2, 4]);
  });

  it('chains audit rows, each to the one before, but those that anybody may cause; trims only these', async () => {
    const append = (action: string) =>
      admin.appendAudit({ at: T0, actor: 'token', action, task: DIGITS, details: { 'it’s': [null] } });
    const actions = Array.from({ length: 20 }, (_, index) => (index % 4 === 3 ? 'session.refused' : 'task.rounds'));
    const hashes = (await Promise.all(actions.map(append))).filter((hash) => hash !== null);
    expect(hashes).toHaveLength(15);
    const rows = await admin.auditAfter(0, 100);
    const chained = rows.filter(({ sha256 }) => sha256 !== null);
    expect(chained.map(({ previousSha256 }) => previousSha256)).toEqual([
      CHAIN_START,
      ...chained.slice(0, -1).map(({ sha256 }) => sha256),
    ]);
    expect(new Set(chained.map(({ sha256 }) => sha256))).toEqual(new Set(hashes));
    for (const row of chained) expect(row.sha256).toBe(auditHash(row.previousSha256 ?? CHAIN_START, row));
    expect(chained[0]).toMatchObject({ at: T0, actor: 'token', action: 'task.rounds', task: DIGITS });
    expect(await admin.auditAfter(rows[3]?.id ?? 0, 2)).toEqual(rows.slice(4, 6));
    const whole = { length: 15, head: chained.at(-1)?.sha256, sinceAnchor: null, fault: null };
    expect(await checkChain(admin)).toEqual({ ...whole, outside: 5 });
    await admin.trimAudit('session.refused', 1);
    await admin.trimAudit('task.rounds', 0);
    expect(await checkChain(admin)).toEqual({ ...whole, outside: 1 });
  });

  it('keeps settings', async () => {
    expect(await admin.setting('a')).toBeNull();
    await admin.setSetting('a', '1');
    await admin.setSetting('a', "it's 2");
    expect(await admin.setting('a')).toBe("it's 2");
    const claims = await Promise.all(['x', 'y'].map((value) => admin.claimSetting('b', value)));
    expect(new Set(claims).size).toBe(1);
    expect(await admin.setting('b')).toBe(claims[0]);
    expect(await admin.claimSetting('b', 'z')).toBe(claims[0]);
  });

  it('hands out the places of a count once each', async () => {
    const from = await Promise.all([3, 3, 3, 3].map((by) => admin.advance('c', by)));
    expect(from.toSorted((a, b) => a - b)).toEqual([0, 3, 6, 9]);
    expect(await admin.setting('c')).toBe('12');
  });
}
