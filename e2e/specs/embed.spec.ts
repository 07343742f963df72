import { expect } from 'playwright/test';
import { wholeChromium } from '../fixtures/browser.ts';
import {
  createTask,
  elementOf,
  join,
  roundsOf,
  snippet,
  strictCsp,
  test,
  trainOneRound,
} from '../fixtures/embed-site.ts';

// What a browser blocks for third parties is among its settings.
test.use({ launchOptions: wholeChromium() });

test('threat E2: on another origin under a strict CSP it trains in a worker of its own and is counted, without a violation', async ({
  page,
  server,
  site,
}) => {
  const task = await createTask({ server, site });
  const before = site.reports.length;
  await page.goto(site.page({ html: snippet(server, task), csp: strictCsp(server) }));
  const element = elementOf(page);
  await expect(element).toHaveAttribute('data-state', 'idle');
  await join(page);
  await expect(element).toHaveAttribute('data-state', 'needs-data');
  await element.getByRole('button', { name: 'Add sample data' }).click();
  await expect(element).toHaveAttribute('data-state', 'waiting', { timeout: 60_000 });
  expect(page.workers().map((worker) => worker.url())).toEqual([expect.stringMatching(`^blob:${site.origin}/`)]);
  await trainOneRound(server, task, element);
  await expect
    .poll(() => roundsOf(server, task))
    .toEqual([expect.objectContaining({ number: 1, outcome: 'committed', accepted: 1, version: 1 })]);
  await expect(element).toHaveAttribute('data-version', '1');
  const names = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name).sort());
  expect(names).toEqual([`fedtab-examples-${task}`, 'fedtab-identity']);
  expect(site.reports.slice(before)).toEqual([]);

  await element.getByRole('button', { name: 'Delete my data' }).click();
  await element.getByRole('button', { name: 'Delete everything' }).click();
  await expect(element).toContainText('Deleted, here and on the server. Only what a version has used stays in it.');
  expect(await page.evaluate(async () => (await indexedDB.databases()).length)).toBe(0);
  expect(page.workers()).toEqual([]);
  expect(site.reports.slice(before)).toEqual([]);
});

test('where the browser blocks third-party storage it uses the site’s own, over a reload too; in a foreign frame, memory', async ({
  page,
  server,
  site,
}) => {
  // Contexts of the tests block it. First as a frame of another site, which shows that they do.
  const foreign = site.origin.replace('shop', 'other');
  const task = await createTask({ server, site }, { origins: [site.origin, foreign] });
  const inner = site.page({ html: snippet(server, task) }).replace(site.origin, foreign);
  await page.goto(site.page({ html: `<iframe src="${inner}" width="700" height="500"></iframe>` }));
  const framed = page.frameLocator('iframe').locator('fedtab-contribute');
  await framed.getByRole('button', { name: 'Join training' }).click();
  await framed.getByRole('button', { name: 'Agree and join' }).click();
  await expect(framed).toHaveAttribute('data-state', 'needs-data');
  await expect(framed).toContainText('This browser keeps nothing here');

  await page.goto(site.page({ html: snippet(server, task) }));
  const element = elementOf(page);
  await join(page);
  await element.getByRole('button', { name: 'Add sample data' }).click();
  await expect(element).toHaveAttribute('data-state', 'waiting', { timeout: 60_000 });
  await page.reload();
  await expect(element).toHaveAttribute('data-state', 'idle');
  await page.route('**/samples*', (route) => route.abort());
  await page.evaluate(() => Fedtab.configure({ backend: 'cpu' }));
  await join(page);
  await trainOneRound(server, task, element);
  await expect(element).not.toContainText('This browser keeps nothing here');
});

test('a site may choose for its visitors’ devices, and nonsense is refused', async ({ page, server, site }) => {
  const task = await createTask({ server, site });
  await page.goto(site.page({ html: snippet(server, task) }));
  await expect(elementOf(page)).toHaveAttribute('data-state', 'idle');
  await page.evaluate(() => Fedtab.configure({ courtesy: { megabytesADay: 0 } }));
  await join(page);
  await expect(elementOf(page)).toHaveAttribute('data-state', 'paused-data');
  await expect(elementOf(page)).toHaveAttribute('data-reason', 'day-data');
  await expect(elementOf(page).getByRole('button', { name: 'Resume' })).toBeVisible();
  const refused = await page.evaluate(
    async ([sdk, task]) => {
      const { createClient } = await import(sdk);
      try {
        return createClient({ task, courtesy: { share: 7 } });
      } catch (error) {
        return String(error);
      }
    },
    [`${server.url}/sdk.js`, task] as const,
  );
  expect(refused).toContain('TypeError');
});
