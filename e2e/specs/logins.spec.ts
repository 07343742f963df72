import { type Browser, expect, type Page, test } from 'playwright/test';
import { problemsInBothColours } from '../fixtures/accessibility.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
  await server.adminJson('/api/tasks', { body: { template: 'digits', id: 'digits', model: { zoo: 'softmax' } } });
});
test.afterAll(() => server?.dispose());

/** A browser of its own that is logged in, on the page of the logins. */
async function loggedIn(browser: Browser, language: 'en' | 'zh' = 'en'): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${server.url}/admin?lang=${language}&logins`);
  await page.getByLabel(language === 'en' ? 'Admin token' : '管理员令牌').fill(server.adminToken);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: language === 'en' ? 'Logins' : '登录', exact: true })).toBeVisible();
  return page;
}

const rows = (page: Page) => page.getByRole('row').filter({ has: page.getByText(/^session-/) });

test('threat A1: a login elsewhere is seen and ended, and its dashboard is gone at once', async ({ browser }) => {
  const mine = await loggedIn(browser);
  await expect(mine).toHaveTitle('Logins · Fedtab');
  await expect(rows(mine)).toHaveCount(1);
  await expect(mine.getByText('No other browser is logged in.')).toBeVisible();
  expect(await problemsInBothColours(mine)).toEqual([]);

  const [second, third, fourth] = [await loggedIn(browser), await loggedIn(browser), await loggedIn(browser)];
  await mine.reload();
  await expect(rows(mine)).toHaveCount(4);
  await expect(rows(mine).filter({ hasText: 'This one' })).toHaveCount(1);
  expect(await problemsInBothColours(mine)).toEqual([]);

  const name = (await second.getByRole('row').filter({ hasText: 'This one' }).locator('code').textContent()) ?? '';
  await mine.getByRole('button', { name: `End ${name}` }).click();
  await expect(second.getByLabel('Admin token')).toBeVisible({ timeout: 1_000 });
  await expect(rows(mine)).toHaveCount(3);

  await mine.getByRole('button', { name: 'End all others' }).click();
  for (const page of [third, fourth]) await expect(page.getByLabel('Admin token')).toBeVisible();
  await expect(rows(mine)).toHaveCount(1);
  for (const page of [mine, second, third, fourth]) await page.context().close();
});

test('logins are reached from the rail, in Chinese, on a phone', async ({ browser }) => {
  const other = await loggedIn(browser);
  const page = await loggedIn(browser, 'zh');
  await page.setViewportSize({ width: 360, height: 780 });
  await expect(page.getByRole('button', { name: '结束其他所有登录' })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  expect(await problemsInBothColours(page)).toEqual([]);
  await page.goto(`${server.url}/admin?lang=en&task=digits`);
  await page.getByRole('navigation').getByRole('button').first().press('Enter');
  await page.getByRole('link', { name: 'Logins' }).press('Enter');
  await expect(page).toHaveURL(/\?lang=en&logins$/);
  await expect(page.getByRole('heading', { name: 'Logins', exact: true })).toBeVisible();
  for (const one of [page, other]) await one.context().close();
});
