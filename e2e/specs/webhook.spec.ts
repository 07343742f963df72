import { expect, type Page, test } from 'playwright/test';
import { Receiver } from '../../server/webhook/fixtures/receiver.ts';
import { problemsInBothColours } from '../fixtures/accessibility.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

let receiver: Receiver;
let server: RunningServer;
test.beforeAll(async () => {
  receiver = await Receiver.start();
  server = await startServer({ env: { FEDTAB_WEBHOOK_ALLOW: receiver.host } });
  await server.adminJson('/api/tasks', {
    body: { template: 'digits', id: 'told', model: { zoo: 'softmax', seed: 1 } },
  });
});
test.afterAll(async () => {
  await server?.dispose();
  await receiver?.close();
});

async function openPage(page: Page, language: 'en' | 'zh'): Promise<void> {
  await page.goto(`${server.url}/admin?lang=${language}&webhook`);
  await page.getByLabel(language === 'en' ? 'Admin token' : '管理员令牌').fill(server.adminToken);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Webhook', exact: true })).toBeVisible();
}

test('the address is set, its secret shown once, events that wait are told, and it is removed', async ({ page }) => {
  const violations: string[] = [];
  page.on(
    'console',
    (message) => /Content Security Policy|TrustedHTML/.test(message.text()) && violations.push(message.text()),
  );
  await openPage(page, 'en');
  await expect(page.getByText('No address is set. Nothing is sent.')).toBeVisible();
  await expect(page).toHaveTitle('Webhook · Fedtab');
  expect(await problemsInBothColours(page)).toEqual([]);

  receiver.answer = (response) => void response.writeHead(503).end();
  await page.getByLabel('Address').fill(`http://${receiver.host}/hook`);
  await page.getByRole('button', { name: 'Set address' }).click();
  const secret = page.getByRole('status').filter({ hasText: 'Signing secret' });
  await expect(secret.locator('code')).toHaveText(/^whsec_[\w+/]{43}=$/);
  await expect(page.getByText(`http://${receiver.host}/hook`)).toBeVisible();
  await expect(page.getByText('Nothing failed.')).toBeVisible();

  await server.adminJson('/api/tasks/told/rounds', { body: { count: 1 } });
  await server.adminJson('/api/tasks/told/stop', { method: 'POST' });
  await expect(page.getByText(/^Failed 1 time in a row: it answered 503\. Next try /)).toBeVisible({ timeout: 15_000 });
  await expect(page.getByText('1 event', { exact: true })).toBeVisible();
  expect(await problemsInBothColours(page)).toEqual([]);
  receiver.answer = (response) => void response.writeHead(204).end();
  await expect(page.getByText('Nothing failed.')).toBeVisible({ timeout: 30_000 });
  expect(JSON.parse((await receiver.until(2))[1]?.body ?? '')).toMatchObject({ type: 'round.abandoned' });

  await page.reload();
  await expect(page.getByText(`http://${receiver.host}/hook`)).toBeVisible();
  await expect(page.getByText('whsec_')).toHaveCount(0);
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('No address is set. Nothing is sent.')).toBeVisible();
  expect(await server.adminJson('/api/webhook')).toEqual({ url: null });
  expect(violations).toEqual([]);
});

test('threat C16: an address that may not be one is refused beside its field, with what to do', async ({ page }) => {
  await openPage(page, 'en');
  const field = page.getByLabel('Address');
  const refused: readonly (readonly [string, string])[] = [
    ['', 'Type the address first.'],
    ['hooks', 'An address such as https://hooks.example.org/fedtab.'],
    ['http://example.org/', 'It must start with https://.'],
    ['https://me:secret@example.org/', 'An address without user and password.'],
    ['https://169.254.169.254/latest', 'This host is inside a private network.'],
  ];
  for (const [address, sentence] of refused) {
    await field.fill(address);
    await page.getByRole('button', { name: 'Set address' }).click();
    await expect(field).toHaveAccessibleDescription(new RegExp(sentence.replace(/[.?]/g, '\\$&')));
    await expect(field).toBeFocused();
  }
  expect(await problemsInBothColours(page)).toEqual([]);
  expect(await server.adminJson('/api/webhook')).toEqual({ url: null });
});

test('is reached from the rail by the keyboard, speaks Chinese, and fits a phone', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 780 });
  await openPage(page, 'zh');
  await expect(page.getByText('没有设置地址，不发送任何内容。')).toBeVisible();
  await page.getByLabel('地址').fill('https://169.254.169.254/');
  await page.getByRole('button', { name: '设置地址' }).click();
  await expect(page.getByText('此主机在内网中。', { exact: false })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  expect(await problemsInBothColours(page)).toEqual([]);

  await page.goto(`${server.url}/admin?lang=en&task=told`);
  await page.getByRole('navigation').getByRole('button').first().press('Enter');
  const link = page.getByRole('link', { name: 'Webhook' });
  await link.press('Enter');
  await expect(page).toHaveURL(/\?lang=en&webhook$/);
  await expect(page.getByRole('heading', { name: 'Webhook', exact: true })).toBeVisible();
});
