import { expect, type Page, test } from 'playwright/test';
import { DATASET_CONTRACT } from '../../web/data/dataset-contract.ts';
import type {} from '../fixtures/trainer-page/page.ts';
import { serveTrainerPage } from '../fixtures/trainer-page.ts';

// One process for all of them: the page is built once.
test.describe.configure({ mode: 'default' });

let served: Awaited<ReturnType<typeof serveTrainerPage>>;
test.beforeAll(async () => {
  served = await serveTrainerPage();
});
test.afterAll(() => served.close());
test.beforeEach(async ({ page }) => {
  await page.goto(served.origin);
});

type Kept = { kept: ReturnType<typeof parts.createDataset> };

const databases = (page: Page): Promise<(string | undefined)[]> =>
  page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));

for (const rule of Object.keys(DATASET_CONTRACT)) {
  test(`the dataset in IndexedDB ${rule}`, async ({ page }) => {
    await page.evaluate(async (name) => {
      const { createDataset, CONTRACT_FORM, DATASET_CONTRACT } = parts;
      await DATASET_CONTRACT[name]?.(createDataset('contract' as never, CONTRACT_FORM));
    }, rule);
  });
}

test('a personal model in IndexedDB keeps its contract, and goes with the examples', async ({ page }) => {
  const left = await page.evaluate(async () => {
    const { CONTRACT_FORM, PERSONAL_CONTRACT, createDataset, createPersonalFits } = parts;
    for (const [name, keeps] of Object.entries(PERSONAL_CONTRACT)) {
      const task = `rule-${name.replaceAll(/[^a-z]/g, '-')}` as never;
      await keeps(createPersonalFits(task));
      await createDataset(task, CONTRACT_FORM).clear();
    }
    return (await indexedDB.databases()).length;
  });
  expect(left).toBe(0);
});

for (const [what, name] of [
  ['what a codec left out', 'residual'],
  ['the average of the changes', 'momentum'],
] as const) {
  test(`${what} lies in IndexedDB, comes back as it was, and goes with the examples`, async ({ page }) => {
    const found = await page.evaluate(async (which) => {
      const { CONTRACT_FORM, createDataset, createIndexedDbMomentum, createIndexedDbResidual } = parts;
      const create = which === 'momentum' ? createIndexedDbMomentum : createIndexedDbResidual;
      const store = create('left-out' as never);
      const before = [await store.load(), await store.save(null)];
      const none = (await indexedDB.databases()).length;
      const record = { values: Float32Array.of(0, 3, 0.5), mass: 2, layoutSha256: 'cd'.repeat(32) as never };
      await store.save({ ...record, version: 7 });
      const kept = (await create('left-out' as never).load()) as { values: Float32Array; version: number };
      await store.save(null);
      const removed = (await store.load()) === undefined;
      await store.save({ ...record, version: 8 });
      const names = (await indexedDB.databases()).map((database) => database.name);
      await createDataset('left-out' as never, CONTRACT_FORM).clear();
      const left = (await indexedDB.databases()).length;
      return { before, none, kept: { ...kept, values: [...kept.values] }, removed, names, left };
    }, name);
    expect(found).toEqual({
      ...{ before: [null, undefined], none: 0, removed: true },
      kept: { values: [0, 3, 0.5], mass: 2, version: 7, layoutSha256: 'cd'.repeat(32) },
      ...{ names: [`fedtab-${name}-left-out`], left: 0 },
    });
  });
}

test('without a server everything that is kept of a task goes all the same', async ({ page }) => {
  const [before, after] = await page.evaluate(async () => {
    const { CONTRACT_FORM, createDataset, createIndexedDbMomentum, createIndexedDbResidual, forgetHere } = parts;
    const task = 'gone' as never;
    const names = async () => (await indexedDB.databases()).map(({ name }) => name).toSorted();
    await createDataset(task, CONTRACT_FORM).add(parts.numbered(0, 1));
    const record = { values: Float32Array.of(1), mass: 1, version: 1, layoutSha256: 'cd'.repeat(32) as never };
    await createIndexedDbMomentum(task).save(record);
    await createIndexedDbResidual(task).save(record);
    const there = await names();
    await forgetHere(task);
    return [there, await names()];
  });
  expect(before).toEqual(['fedtab-examples-gone', 'fedtab-momentum-gone', 'fedtab-residual-gone']);
  expect(after).not.toContainEqual(expect.stringContaining('-gone'));
});

test('reading makes no database, the first example makes one, and clearing leaves none', async ({ page }) => {
  const read = await page.evaluate(async () => {
    const dataset = parts.createDataset('reading' as never, parts.CONTRACT_FORM);
    return [await dataset.summary(), await dataset.read(), await dataset.page(0, 1)].map(({ ok }) => ok);
  });
  expect(read).toEqual([true, true, true]);
  expect(await databases(page)).toEqual([]);
  await page.evaluate(() => parts.createDataset('reading' as never, parts.CONTRACT_FORM).add(parts.numbered(0, 1)));
  expect(await databases(page)).toEqual(['fedtab-examples-reading']);
  await page.evaluate(() => parts.createDataset('reading' as never, parts.CONTRACT_FORM).clear());
  expect(await databases(page)).toEqual([]);
});

test('examples are there after a reload, and the same in another tab', async ({ page, context }) => {
  await page.evaluate(() => parts.createDataset('kept' as never, parts.CONTRACT_FORM).add(parts.numbered(3, 2)));
  const count = (tab: Page) =>
    tab.evaluate(async () => {
      const summary = await parts.createDataset('kept' as never, parts.CONTRACT_FORM).summary();
      return summary.ok && summary.count;
    });
  await page.reload();
  expect(await count(page)).toBe(2);
  const other = await context.newPage();
  await other.goto(served.origin);
  expect(await count(other)).toBe(2);
});

test('examples can be deleted while another tab has them open, which then sees none', async ({ page, context }) => {
  const other = await context.newPage();
  await other.goto(served.origin);
  await other.evaluate(async () => {
    const kept = parts.createDataset('shared' as never, parts.CONTRACT_FORM);
    Object.assign(globalThis, { kept });
    await kept.add(parts.numbered(0, 2));
  });
  const cleared = await page.evaluate(() => parts.createDataset('shared' as never, parts.CONTRACT_FORM).clear());
  expect(cleared).toEqual({ ok: true });
  const left = await other.evaluate(() => (globalThis as unknown as Kept).kept.summary());
  expect(left).toMatchObject({ ok: true, count: 0 });
});

test('a tab that will not let go of the database is told of', async ({ page, context }) => {
  const other = await context.newPage();
  await other.goto(served.origin);
  await other.evaluate(async () => {
    await parts.createDataset('held' as never, parts.CONTRACT_FORM).add(parts.numbered(0, 1));
    // A connection that does not listen for `versionchange`, as an older script might keep one.
    await new Promise((resolve) => {
      const request = indexedDB.open(parts.databaseName('held' as never));
      request.onsuccess = () => resolve(Object.assign(globalThis, { stubborn: request.result }));
    });
  });
  const cleared = await page.evaluate(() => parts.createDataset('held' as never, parts.CONTRACT_FORM).clear());
  expect(cleared).toMatchObject({ ok: false, reason: 'blocked' });
});

test('a newer version of the page that changes the database closes it here, and the old page says to reload', async ({
  page,
  context,
}) => {
  await page.evaluate(async () => {
    const kept = parts.createDataset('changed' as never, parts.CONTRACT_FORM);
    Object.assign(globalThis, { kept });
    await kept.add(parts.numbered(0, 2));
  });
  const newer = await context.newPage();
  await newer.goto(served.origin);
  // Waits until the old page lets go of its connection.
  await newer.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open(parts.databaseName('changed' as never), 2);
        request.onsuccess = () => resolve(request.result.close());
        request.onblocked = () => reject(new Error('blocked'));
      }),
  );
  const answers = await page.evaluate(async () => {
    const { kept } = globalThis as unknown as Kept;
    return [await kept.summary(), await kept.read(), await kept.add(parts.numbered(2, 1)), await kept.repair()];
  });
  for (const answer of answers) expect(answer).toMatchObject({ ok: false, reason: 'newer' });
});

test('a database that the browser takes away between two reads is empty, never half of it', async ({
  page,
  context,
}) => {
  await page.evaluate(async () => {
    const kept = parts.createDataset('evicted' as never, parts.CONTRACT_FORM);
    Object.assign(globalThis, { kept });
    await kept.add(parts.numbered(0, 47_670));
  });
  const devtools = await context.newCDPSession(page);
  await devtools.send('Storage.clearDataForOrigin', { origin: served.origin, storageTypes: 'indexeddb' });
  // The page hears of it a moment later.
  const left = () => page.evaluate(() => (globalThis as unknown as Kept).kept.summary());
  await expect.poll(left).toMatchObject({ ok: true, count: 0 });
  const after = await page.evaluate(async () => {
    const { kept } = globalThis as unknown as Kept;
    return [await kept.summary(), await kept.read(), await kept.add(parts.numbered(0, 1))];
  });
  expect(after).toMatchObject([
    { ok: true, count: 0 },
    { ok: true, parts: [] },
    { ok: true, count: 1 },
  ]);
});

test('a damaged shard is noticed, and repaired without it', async ({ page }) => {
  const answers = await page.evaluate(async () => {
    const dataset = parts.createDataset('damaged' as never, parts.CONTRACT_FORM);
    await dataset.add(parts.numbered(0, 47_670));
    await parts.createIndexedDbShards('damaged' as never).change(async (transaction) => {
      const bytes = (await transaction.shard(1)) as Uint8Array<ArrayBuffer>;
      bytes[500_000] = (bytes[500_000] ?? 0) ^ 1;
      await transaction.putShard(1, bytes);
    });
    const read = await dataset.read();
    const repaired = await dataset.repair();
    return { read: read.ok || read.reason, repaired, after: await dataset.summary() };
  });
  expect(answers).toMatchObject({
    read: 'dataset-damaged',
    repaired: { ok: true, dropped: 47_662 },
    after: { ok: true, count: 8 },
  });
});

test('a full device is told of, and what was there stays', async ({ page, context }) => {
  // Before the first write: the browser remembers for half a minute how much room there was.
  const devtools = await context.newCDPSession(page);
  await devtools.send('Storage.overrideQuotaForOrigin', { origin: served.origin, quotaSize: 200_000 });
  const answers = await page.evaluate(async () => {
    const dataset = parts.createDataset('full' as never, parts.MNIST);
    return [
      await dataset.add(parts.strips(10)),
      await dataset.add(parts.strips(3_000)),
      await dataset.summary(),
      await dataset.read(),
    ].map((answer) => (answer.ok ? ('count' in answer ? answer.count : true) : answer.reason));
  });
  expect(answers).toEqual([10, 'quota', 10, true]);
});

test('where the browser keeps nothing, that is said', async ({ page }) => {
  await page.setContent(`<iframe sandbox="allow-scripts" src="${served.origin}/"></iframe>`);
  const frame = page.frames().find((one) => one !== page.mainFrame());
  await frame?.waitForFunction(() => 'parts' in globalThis);
  const answer = await frame?.evaluate(() =>
    parts.createDataset('sandboxed' as never, parts.CONTRACT_FORM).add(parts.numbered(0, 1)),
  );
  expect(answer).toMatchObject({ ok: false, reason: 'unavailable' });
});
