import { expect } from 'playwright/test';
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
