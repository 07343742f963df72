import { expect, type Page, test } from 'playwright/test';
import { accessibilityProblems } from '../fixtures/accessibility.ts';
import {
  addSamples,
  agreeAndJoin,
  contributeUrl,
  createTask,
  expectRounds,
  expectState,
  fewSamples,
  startRounds,
} from '../fixtures/contribute.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

test.describe.configure({ mode: 'default' });
let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
  await createTask(server, 'own');
});
test.afterAll(() => server.dispose());

const databases = (page: Page): Promise<(string | undefined)[]> =>
  page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name).toSorted());
const openTrial = (page: Page) => page.getByRole('button', { name: 'Try it', exact: true }).click();
const fitNow = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('button', { name, exact: true }).click();
  await expect(page.getByRole('button', { name: 'Fit again' })).toBeVisible();
};
/** The share that stands beside a name, in per cent. */
const shareOf = async (page: Page, name: string): Promise<number> =>
  Number.parseFloat(
    (await page.locator('.fit dl > div', { hasText: name }).locator('dd').textContent())?.replace(/[^\d.]/g, '') ?? '',
  );

test('a fit raises the accuracy on what was set aside, sends nothing, answers, and is there after a reload', {
  tag: '@long',
}, async ({ page, context }) => {
  await fewSamples(context, 150);
  await page.goto(contributeUrl(server, 'own'));
  await addSamples(page);
  await openTrial(page);
  await expect(page.getByRole('button', { name: 'Fit to my examples' })).toBeEnabled();
  const leaving: string[] = [];
  // The page asks for the task now and then, whatever else it does.
  page.on('request', (request) => {
    if (!request.url().endsWith('/api/tasks/own')) leaving.push(`${request.method()} ${request.url()}`);
  });
  page.on('websocket', (socket) => leaving.push(socket.url()));
  await fitNow(page, 'Fit to my examples');
  expect(leaving).toEqual([]);
  await expect(page.getByText(/^On \d+ of your examples that were set aside; fitted to \d+ others/)).toBeVisible();
  const [before, after] = [await shareOf(page, 'Shared model'), await shareOf(page, 'Fitted to you')];
  expect(before).toBeLessThan(40);
  expect(after).toBeGreaterThan(50);

  const pad = page.getByLabel('Pad for trying the model');
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  if (box === null) throw new Error('the pad is not on the page');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.8, { steps: 5 });
  await page.mouse.up();
  await expect(page.getByText(/^The shared model says \d/)).toBeVisible();
  await page.getByLabel('Shared model').check();
  await expect(page.getByText(/^The shared model says \d/)).toHaveCount(0);
  expect(await accessibilityProblems(page)).toEqual([]);

  await page.reload();
  expect(await databases(page)).toEqual(['fedtab-examples-own', 'fedtab-personal-own']);
  await openTrial(page);
  await expect(page.getByLabel('Fitted to you')).toBeChecked();
  expect(await shareOf(page, 'Fitted to you')).toBe(after);
});

test('after training: the fit begins with the version that the rounds made, and is told when there is a newer one', {
  tag: '@long',
}, async ({ page, context }) => {
  await createTask(server, 'trained');
  await fewSamples(context, 150);
  await page.goto(contributeUrl(server, 'trained'));
  await addSamples(page);
  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await startRounds(server, 'trained', 2);
  await expectRounds(server, 'trained', (rounds) => rounds[1]?.outcome === 'committed');
  await openTrial(page);
  await page.getByRole('button', { name: 'Pause' }).click();
  await fitNow(page, 'Fit to my examples');
  const [before, after] = [await shareOf(page, 'Shared model'), await shareOf(page, 'Fitted to you')];
  // Version 0 knows next to nothing; two rounds on these very examples make most of the difference.
  expect(before).toBeGreaterThan(40);
  expect(after).toBeGreaterThanOrEqual(before - 10);
  await expect(page.getByText(/^Fitted to version/)).toHaveCount(0);
  await page.getByRole('button', { name: 'Resume' }).click();
  await startRounds(server, 'trained', 1);
  await expect(page.getByText(/^Fitted to version 2\. The shared model is at version 3 now/)).toBeVisible();
});

test('a damaged fit is told of and dropped, none is made beside a round, and it goes with the data', {
  tag: '@long',
}, async ({ page, context }) => {
  await fewSamples(context, 60);
  await page.goto(contributeUrl(server, 'own'));
  await addSamples(page);
  await openTrial(page);
  await fitNow(page, 'Fit to my examples');
  await page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('fedtab-personal-own');
        opening.onerror = reject;
        opening.onsuccess = () => {
          const transaction = opening.result.transaction('fits', 'readwrite');
          const store = transaction.objectStore('fits');
          const reading = store.get('fit');
          reading.onsuccess = () => {
            reading.result.weights[100] ^= 1;
            store.put(reading.result, 'fit');
          };
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      }),
  );
  await page.reload();
  await openTrial(page);
  await expect(page.getByText('The fit that was kept here was damaged, and is deleted.')).toBeVisible();
  expect(await databases(page)).toEqual(['fedtab-examples-own']);

  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await expect(page.getByRole('button', { name: 'Fit to my examples' })).toBeDisabled();
  await expect(page.getByText('Pause or leave training first')).toBeVisible();
  await page.getByRole('button', { name: 'Pause' }).click();
  await fitNow(page, 'Fit to my examples');

  await page.getByRole('button', { name: 'Delete my data' }).click();
  await page.getByRole('button', { name: 'Delete everything' }).click();
  await expect(page.getByText('Deleted, here and on the server.')).toBeVisible();
  expect(await databases(page)).toEqual([]);
});
