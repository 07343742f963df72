import { expect, type Page } from 'playwright/test';
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
import type { HostSite } from '../fixtures/host-site.ts';

test('on another origin under a strict CSP it trains in a worker of its own and is counted, without a violation', async ({
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
  await expect(element).toContainText('Everything of yours is deleted, here and on the server.');
  expect(await page.evaluate(async () => (await indexedDB.databases()).length)).toBe(0);
  expect(page.workers()).toEqual([]);
  expect(site.reports.slice(before)).toEqual([]);
});

/** Can a frame of yet another site keep data in this page? The browser's own answer to whether it blocks them. */
async function otherSitesMayStore(page: Page, site: HostSite): Promise<boolean> {
  const frame = site.page({ html: '' }).replace('shop.localhost', 'other.localhost');
  await page.goto(site.page({ html: `<iframe src="${frame}"></iframe>` }));
  const inner = page.frame({ url: frame });
  return (await inner?.evaluate(() => indexedDB.databases().then(Boolean, () => false))) ?? false;
}

test('with third-party cookies blocked it keeps its examples in the site’s own storage, over a reload too', async ({
  page,
  server,
  site,
}) => {
  expect(await otherSitesMayStore(page, site)).toBe(true);
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCookieControls', { enableThirdPartyCookieRestriction: true });
  expect(await otherSitesMayStore(page, site)).toBe(false);

  const task = await createTask({ server, site });
  await page.goto(site.page({ html: snippet(server, task) }));
  const element = elementOf(page);
  await join(page);
  await element.getByRole('button', { name: 'Add sample data' }).click();
  await expect(element).toHaveAttribute('data-state', 'waiting', { timeout: 60_000 });
  await page.reload();
  await expect(element).toHaveAttribute('data-state', 'idle');
  await page.route('**/samples*', (route) => route.abort());
  await element.waitFor();
  await page.evaluate(() => Fedtab.configure({ backend: 'cpu' }));
  await join(page);
  await trainOneRound(server, task, element);
  await expect(element).not.toContainText('This browser keeps nothing here');
});
