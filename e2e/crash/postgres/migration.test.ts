import { expect, test } from 'vitest';
import { sharedCluster } from '../../../server/storage/postgres/fixtures/cluster.ts';
import { type Cut, CuttingProxy } from '../../../server/storage/postgres/fixtures/cutting-proxy.ts';
import { openPostgres } from '../../../server/storage/postgres/open.ts';
import { filled, rowsOf, TO_FIRST } from '../migrated.ts';

const seed = Number(process.env['CRASH_SEED'] ?? 20_261_130);

test.each(['before', 'after'] as const)(
  `PostgreSQL: the connection cut at every fourth message of a migration, %s it is answered, changes nothing (CRASH_SEED=${seed})`,
  async (cut: Cut) => {
    const cluster = await sharedCluster();
    const url = await cluster.createDatabase();
    const expected = await filled(await openPostgres(url));
    const proxy = await CuttingProxy.open(url);
    try {
      let cuts = 0;
      for (let left = 1 + (seed % 4); ; left += 4) {
        await cluster.query(url, TO_FIRST.join('; '));
        proxy.next = { left, cut };
        const storage = await openPostgres(proxy.url);
        const wasCut = proxy.next === null;
        expect(await rowsOf(storage), `cut ${cut} message ${left}`).toEqual(expected);
        await storage.close();
        if (!wasCut) break;
        cuts += 1;
      }
      expect(cuts).toBeGreaterThan(3);
    } finally {
      await proxy.close();
    }
  },
  120_000,
);
