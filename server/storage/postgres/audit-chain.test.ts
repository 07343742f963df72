import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkChain } from '../audit-chain.ts';
import { auditChainContract } from '../audit-chain-contract.ts';
import { DIGITS, T0 } from '../contract-rows.ts';
import type { Storage } from '../port.ts';
import { sharedCluster } from './fixtures/cluster.ts';
import { openPostgres } from './open.ts';

describe('threat A1: the chain of the audit in PostgreSQL', () => {
  let url: string;
  let processes: Storage[];
  const write = async (sql: string) => (await sharedCluster()).query(url, sql);
  beforeAll(async () => {
    url = await (await sharedCluster()).createDatabase();
    processes = [await openPostgres(url), await openPostgres(url)];
  });
  afterAll(async () => {
    for (const storage of processes) await storage.close();
  });

  auditChainContract(async () => {
    await write('truncate audit restart identity');
    const [storage] = processes;
    if (storage === undefined) throw new Error('nothing was opened');
    return { storage, write };
  });

  it('two processes that append at the same time make one line of it', async () => {
    await write('truncate audit restart identity');
    const hashes = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        processes.map(({ admin }, process) => {
          const action = index % 5 === 0 ? 'session.refused' : 'task.rounds';
          return admin.appendAudit({ at: T0, actor: `process ${process}`, action, task: DIGITS, details: { index } });
        }),
      ).flat(),
    );
    const chained = hashes.filter((hash) => hash !== null);
    expect(new Set(chained).size).toBe(96);
    for (const { admin } of processes) {
      const { head, ...rest } = await checkChain(admin);
      expect(rest).toEqual({ length: 96, outside: 24, sinceAnchor: null, fault: null });
      expect(chained).toContain(head);
    }
  });
});
