import { expect, test } from 'playwright/test';
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
  server = await startServer({ isBuilt: true });
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
