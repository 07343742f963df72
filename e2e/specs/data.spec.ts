import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, expect, test } from 'playwright/test';
import { wholeChromium } from '../fixtures/browser.ts';
import {
  addSamples,
  agreeAndJoin,
  contributeUrl,
  createTask,
  expectState,
  fewSamples,
  startRounds,
} from '../fixtures/contribute.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

test.describe.configure({ mode: 'default' });
let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
  await createTask(server, 'data');
});
test.afterAll(() => server.dispose());

test('a damaged dataset trains nothing, is said, and can be repaired', async ({ page, context }) => {
  await fewSamples(context, 60);
  await page.goto(contributeUrl(server, 'data'));
  await addSamples(page);
  // One byte of every stored binary value is flipped, as a failing disk would.
  const flipped = await page.evaluate(async () => {
    const flip = (value: unknown): number => {
      if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
        const bytes =
          value instanceof ArrayBuffer
            ? new Uint8Array(value)
            : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
        if (bytes.length < 500) return 0;
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
        return 1;
      }
      if (typeof value !== 'object' || value === null) return 0;
      return Object.values(value).reduce((sum: number, inner) => sum + flip(inner), 0);
    };
    let count = 0;
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      for (const store of database.objectStoreNames) {
        const transaction = database.transaction(store, 'readwrite');
        const cursor = transaction.objectStore(store).openCursor();
        cursor.onsuccess = () => {
          if (cursor.result === null) return;
          const value = cursor.result.value;
          const changed = flip(value);
          count += changed;
          if (changed > 0) cursor.result.update(value);
          cursor.result.continue();
        };
        await new Promise((resolve) => {
          transaction.oncomplete = resolve;
        });
      }
      database.close();
    }
    return count;
  });
  expect(flipped).toBeGreaterThan(0);
  await page.reload();
  await agreeAndJoin(page);
  await expect(page.getByText('Some of the examples stored on this device are damaged.')).toBeVisible();
  expect(await page.locator('main').getAttribute('data-state')).not.toBe('training');
  await page.getByRole('button', { name: 'Repair' }).click();
  await expect(page.getByText('Some of the examples stored on this device are damaged.')).toBeHidden();
  await addSamples(page);
  if (await page.getByRole('button', { name: 'Join training' }).isVisible()) await agreeAndJoin(page);
  await startRounds(server, 'data', 1);
  await expectState(page, 'accepted');
});

test('a full quota: the examples that were there stay, and the page says what to do', async ({ page, context }) => {
  await fewSamples(context, 300);
  await page.goto(contributeUrl(server, 'data'));
  // Before the first write: Chromium remembers for a while how much room it found.
  const cdp = await context.newCDPSession(page);
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: server.url, quotaSize: 1_000_000 });
  const isFull = page.getByText(/no room left/);
  let stored = 0;
  for (let tries = 0; tries < 20 && !(await isFull.isVisible()); tries++) {
    const more = page.getByText(`${stored + 300} examples`).first();
    await page.getByRole('button', { name: 'Add sample data' }).click();
    await expect(more.or(isFull.first()).first()).toBeVisible();
    if (await more.isVisible()) stored += 300;
  }
  await expect(isFull).toBeVisible();
  expect(stored).toBeGreaterThan(0);
  await page.reload();
  await page.getByRole('button', { name: 'Show my examples' }).click();
  await expect(page.getByText(`${stored} examples`).first()).toBeVisible();
});

test('two tabs, and a newer version of the page changes the database: the old one says to reload, nothing is lost, deleting is a way out', async ({
  page,
  context,
}) => {
  await fewSamples(context, 60);
  await page.goto(contributeUrl(server, 'data'));
  await addSamples(page);
  const newer = await context.newPage();
  await newer.goto(server.url);
  // Waits until the old page lets go of its connection.
  const records = await newer.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('fedtab-examples-data', 2);
      request.onsuccess = () => resolve(request.result);
      request.onblocked = () => reject(new Error('blocked'));
    });
    const counts = Array.from(database.objectStoreNames, (name) => {
      const request = database.transaction(name).objectStore(name).count();
      return new Promise<number>((resolve) => {
        request.onsuccess = () => resolve(request.result);
      });
    });
    const all = await Promise.all(counts);
    database.close();
    return all.reduce((sum, count) => sum + count, 0);
  });
  expect(records).toBeGreaterThan(0);
  const sentence =
    'A newer version of this page keeps your examples now. They are unharmed. Reload this page to go on.';
  await page.getByRole('button', { name: 'Add sample data' }).click();
  await expect(page.getByText(sentence).first()).toBeVisible();
  // The same old page after a reload, where the browser kept it: it says so again and trains nothing.
  await page.reload();
  await agreeAndJoin(page);
  await expect(page.locator('main')).toHaveAttribute('data-state', 'error');
  await expect(page.locator('main')).toHaveAttribute('data-reason', 'newer');
  await expect(page.getByText(/A newer version of this page keeps/).first()).toBeVisible();
  await page.getByRole('button', { name: 'Delete my data' }).click();
  await page.getByRole('button', { name: 'Delete everything' }).click();
  await expect(page.getByText('Deleted, here and on the server.')).toBeVisible();
  expect(await page.evaluate(async () => (await indexedDB.databases()).length)).toBe(0);
  await addSamples(page);
  await expect(page.getByText('60 examples').first()).toBeVisible();
});

test('examples that the browser takes away in the middle of an epoch: no part of them is trained on, and new ones go on', {
  tag: '@long',
}, async ({ page, context }) => {
  test.setTimeout(120_000);
  await createTask(server, 'evicted', { client: { epochs: 25, batchSize: 1 } });
  await fewSamples(context, 60);
  await page.goto(contributeUrl(server, 'evicted'));
  await addSamples(page);
  await agreeAndJoin(page);
  await startRounds(server, 'evicted', 2);
  await expectState(page, 'training');
  const cdp = await context.newCDPSession(page);
  await cdp.send('Storage.clearDataForOrigin', { origin: server.url, storageTypes: 'all' });
  // The part under way has all of its examples in memory; the next one finds none.
  await expectState(page, 'needs-data', { timeout: 60_000 });
  await expect(page.getByText(/Nothing here yet/)).toBeVisible();
  const [first] = await server.adminJson<{ accepted: number }[]>('/api/tasks/evicted/rounds');
  expect(first?.accepted).toBe(1);
  await addSamples(page);
  // Its key went with the rest (C22): joining is asked for again.
  await expectState(page, 'left');
  await agreeAndJoin(page);
  await expectState(page, 'accepted', { timeout: 60_000 });
});

test('a browser that blocks storage: examples and key stay in the page’s memory, and it trains', {
  tag: '@long',
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-profile-'));
  mkdirSync(join(folder, 'Default'));
  const blocked = { profile: { default_content_setting_values: { cookies: 2 } } };
  writeFileSync(join(folder, 'Default/Preferences'), JSON.stringify(blocked));
  const context = await chromium.launchPersistentContext(folder, { ...wholeChromium(), locale: 'en-US' });
  try {
    await fewSamples(context, 60);
    const page = await context.newPage();
    await page.goto(contributeUrl(server, 'data'));
    await addSamples(page);
    await expect(page.getByText('60 examples').first()).toBeVisible();
    await agreeAndJoin(page);
    await expectState(page, /waiting|accepted/);
    await startRounds(server, 'data', 1);
    await expectState(page, 'accepted');
    await page.reload();
    await expect(page.getByText('No examples yet')).toBeVisible();
  } finally {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
