import { writeFileSync } from 'node:fs';
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
  await createTask(server, 'trips', {
    template: 'table',
    title: 'How long a trip takes',
    model: { seed: 1 },
  });
});
test.afterAll(() => server.dispose());

const list = (page: Page) => page.getByRole('list', { name: 'Your examples, newest first' }).getByRole('listitem');
const dialog = (page: Page) => page.getByRole('dialog', { name: 'Which column is which?' });
/** From the disk: handed over as a buffer, it would be unpacked in the page. */
async function choose(page: Page, name: string, text: string | Buffer): Promise<void> {
  const path = test.info().outputPath(name);
  writeFileSync(path, text);
  await page.getByLabel('CSV file').setInputFiles(path);
}

/** Other names and another order than the task's, and rows that are of no use. */
const CSV = `\ufeffDistance KM;minutes;Weather;Hour;Day;Car or bus
10.8;31.5;rain;8;workday;bus
6.2;18;dry;14.5;weekend;tram
;12;hail;10;weekend;bike
far;12;dry;10;weekend;bike
3;;dry;10;weekend;bike
`;

test('a file becomes rows, by the columns that are picked, and a round trains on them', async ({ page }) => {
  await page.goto(contributeUrl(server, 'trips'));
  await expect(page.getByRole('button', { name: 'Camera' })).toHaveCount(0);
  await choose(page, 'trips.csv', CSV);
  // Names that are nearly the task's are found; one is not.
  await expect(dialog(page).getByLabel('distance_km')).toHaveValue('0');
  await expect(dialog(page).getByLabel('minutes: what is to be learned')).toHaveValue('1');
  await expect(dialog(page).getByLabel('vehicle')).toHaveValue('');
  await dialog(page).getByLabel('vehicle').selectOption('Car or bus');
  await expect(dialog(page).getByText('Such as bus, tram, bike')).toBeVisible();
  expect(await accessibilityProblems(page)).toEqual([]);
  await dialog(page).getByRole('button', { name: 'Add rows' }).click();
  await expect(list(page)).toHaveCount(3);
  await expect(page.getByText('1 row left out: a cell is no number.')).toBeVisible();
  await expect(page.getByText('1 row left out: what is to be learned is missing.')).toBeVisible();
  // The newest first: what was missing is the mean, or nothing.
  await expect(list(page).first()).toContainText('distance_km6.2');
  await expect(list(page).first()).toContainText('weather–');
  await expect(list(page).last()).toContainText('minutes 31.5');
  await page.getByRole('button', { name: 'Remove this minutes 12' }).click();
  await expect(list(page)).toHaveCount(2);

  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await startRounds(server, 'trips', 1);
  const [round] = await expectRounds(server, 'trips', (rounds) => rounds[0]?.outcome === 'committed');
  expect(round).toMatchObject({ accepted: 1, dropped: 0 });
});

test('the score is a mean error, and the model answers in the unit of the target', { tag: '@long' }, async ({
  page,
  context,
}) => {
  await fewSamples(context, 300);
  await page.goto(contributeUrl(server, 'trips'));
  await expect(page.getByText(/±\d[\d.]* on average on examples it has never seen/)).toBeVisible();
  await addSamples(page);
  await expect(page.getByText('no real trips')).toBeVisible();
  await page.getByRole('button', { name: 'Try it', exact: true }).click();
  const answer = page.getByText(/^minutes: about [-−]?\d/);
  await expect(answer).toBeVisible();
  const before = await answer.textContent();
  await page.getByLabel('distance_km', { exact: true }).fill('25');
  await expect(answer).not.toHaveText(before ?? '');
  await page.getByLabel('distance_km', { exact: true }).fill('far');
  await expect(page.getByText('A number, with a point for the decimals.')).toBeVisible();
  expect(await accessibilityProblems(page)).toEqual([]);
});

test('files that are no table, of no use or far too long are refused whole, and the page stays alive', {
  tag: '@long',
}, async ({ page }) => {
  await page.goto(contributeUrl(server, 'trips'));
  await page.evaluate(() => {
    const stalls: number[] = [];
    Object.assign(globalThis, { stalls });
    new PerformanceObserver((entries) => {
      for (const { duration } of entries.getEntries()) stalls.push(duration);
    }).observe({ type: 'longtask' });
  });
  await choose(page, 'photo.csv', Buffer.alloc(3_000_000, 7));
  await expect(page.getByText('That file is no table')).toBeVisible();
  await choose(page, 'words.csv', 'distance_km,minutes\nfar,long\n');
  await dialog(page).getByRole('button', { name: 'Add rows' }).click();
  await expect(dialog(page).getByRole('alert')).toContainText('No row of that file could be used');
  await page.keyboard.press('Escape');

  // Columns of something else: none is taken for one of the task's, and nothing can be added until they are picked.
  await choose(page, 'shop.csv', 'article,price\nbread,3.20\nmilk,1.10\n');
  for (const column of ['distance_km', 'vehicle', 'minutes: what is to be learned']) {
    await expect(dialog(page).getByLabel(column)).toHaveValue('');
  }
  const add = dialog(page).getByRole('button', { name: 'Add rows' });
  await expect(add).toBeDisabled();
  // The target alone is not enough, and picked at random they are of no use.
  await dialog(page).getByLabel('minutes: what is to be learned').selectOption('price');
  await expect(add).toBeDisabled();
  await dialog(page).getByLabel('distance_km').selectOption('article');
  await add.click();
  await expect(dialog(page).getByRole('alert')).toContainText('No row of that file could be used');
  await page.keyboard.press('Escape');

  await choose(page, 'million.csv', `distance_km,minutes\n${'1.5,7\n'.repeat(1_000_000)}`);
  await dialog(page).getByRole('button', { name: 'Add rows' }).click();
  await expect(dialog(page).getByRole('alert')).toContainText('more than 100,000 rows');
  await page.keyboard.press('Escape');
  await expect(page.getByText('Nothing here yet.')).toBeVisible();
  expect(await page.evaluate(async () => (await indexedDB.databases()).length)).toBe(0);
  // A loaded machine stalls now and then by itself; parsing in one go takes seconds.
  const stalls = await page.evaluate(() => (globalThis as unknown as { stalls: number[] }).stalls);
  expect(Math.max(0, ...stalls)).toBeLessThan(1_500);
});
