import { expect } from 'vitest';
import {
  checkpoint,
  client,
  createdTask,
  DIGITS,
  receipt,
  reportingRound,
  roundEnd,
  T0,
  update,
} from '../contract-rows.ts';
import type { Storage } from '../port.ts';
import { sharedCluster } from './fixtures/cluster.ts';
import { type Cut, CuttingProxy } from './fixtures/cutting-proxy.ts';
import { openPostgres } from './open.ts';

/** What a round writes, and what is left of it; the same each time, but for the tokens. */
async function script(storage: Storage): Promise<unknown> {
  const fence = await createdTask(storage);
  await reportingRound(storage, fence, 1, 4);
  const outcomes = [
    ...(await storage.rounds.accept([receipt(1, 2), receipt(1, 0)], T0)),
    ...(await storage.rounds.accept([receipt(1, 1)], T0)),
  ];
  await storage.rounds.reject(DIGITS, update(1, 3), 'norm');
  const withdrawn = await storage.rounds.withdraw(DIGITS, client(1));
  const committed = await storage.rounds.commit(fence, roundEnd(1, [0, 2], [1]), checkpoint(1));
  await storage.admin.appendAudit({ at: T0, actor: 'system', action: 'x', task: DIGITS, details: {} });
  return {
    ...{ outcomes, withdrawn, committed },
    task: await storage.tasks.get(DIGITS),
    checkpoints: await storage.checkpoints.list(DIGITS),
    rounds: await storage.rounds.list(DIGITS, 9),
    receipts: await storage.rounds.receiptsOf(DIGITS, 1),
    audit: await storage.admin.audit(9),
  };
}

/**
 * The script with its connection cut at message `first`, then at `first + step` and so on to its end: each time all of
 * it happens once, as without a cut. Returns how many cuts there were.
 */
export async function cutEverywhere(cut: Cut, first: number, step: number): Promise<number> {
  const cluster = await sharedCluster();
  const url = await cluster.createDatabase();
  const proxy = await CuttingProxy.open(url);
  const storage = await openPostgres(proxy.url);
  try {
    const again = async (): Promise<unknown> => {
      await cluster.query(url, 'delete from tasks; delete from audit');
      return script(storage);
    };
    const expected = await again();
    let cutsCount = 0;
    for (let left = first; ; left += step) {
      proxy.next = { left, cut };
      expect(await again(), `cut ${cut} message ${left}`).toEqual(expected);
      if (proxy.next !== null) return cutsCount;
      cutsCount++;
    }
  } finally {
    await storage.close();
    await proxy.close();
  }
}
