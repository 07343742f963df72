import { gzipSync } from 'node:zlib';
import { expect, type Page } from 'playwright/test';
import { createTask, elementOf, join, roundsOf, snippet, strictCsp, test } from '../fixtures/embed-site.ts';

/** What a page has opened, as the browser tells it. */
function watch(page: Page) {
  const sockets: string[] = [];
  const requests: string[] = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  page.on('request', (request) => requests.push(request.url()));
  return { sockets, requests };
}
const databases = (page: Page) => page.evaluate(async () => (await indexedDB.databases()).length);
const pixels = Array.from({ length: 784 }, (_, index) => (index % 28 === 14 ? 255 : 0));
const addOne = (page: Page, task: string) =>
  page.evaluate(([name, image]) => Fedtab.addExamples(name, [{ image, label: '1' }]), [task, pixels] as const);

test('threat E2: before the visitor agrees: one script of at most 10 kB, no socket, no worker, no database', async ({
  page,
  server,
  site,
}) => {
  const task = await createTask({ server, site });
  const { sockets, requests } = watch(page);
  await page.goto(site.page({ html: snippet(server, task) }));
  const element = elementOf(page);
  await element.getByRole('button', { name: 'What is this?' }).click();
  await expect(element).toContainText('Nothing runs until you agree.');
  await expect(element).toContainText('It can read what its own pages store in this browser, your examples included.');
  const ofServer = () => requests.filter((url) => url.startsWith(server.url));
  expect(ofServer()).toEqual([`${server.url}/embed.js`]);

  await element.getByRole('button', { name: 'Join training' }).click();
  const dialog = element.getByRole('dialog', { name: 'Before you join' });
  await expect(dialog).toContainText('About 31\u00a0kB a round: how 7,850 numbers of the model changed');
  await expect(dialog).toContainText(`The server ${new URL(server.url).host} sees the changes of each contributor`);
  await expect(dialog).toContainText('In this task a round may have a single contributor.');
  await dialog.getByRole('button', { name: 'Not now' }).click();
  await expect(dialog).toHaveCount(0);
  expect(ofServer()).toEqual([`${server.url}/embed.js`, `${server.url}/api/tasks/${task}`]);
  const fetched = await Promise.all(ofServer().map(async (url) => Buffer.from(await (await fetch(url)).arrayBuffer())));
  expect(gzipSync(fetched[0] ?? '').length).toBeLessThanOrEqual(10_000);
  expect(gzipSync(fetched[1] ?? '').length).toBeLessThanOrEqual(1_000);
  expect(sockets).toEqual([]);
  expect(page.workers()).toEqual([]);
  expect(await databases(page)).toBe(0);
  await expect(element).toHaveAttribute('data-state', 'idle');
});

test('threat E1: a press by a script is no consent, nor is a call: `start` rejects `consent-required`', async ({
  page,
  server,
  site,
}) => {
  const task = await createTask({ server, site });
  const { sockets, requests } = watch(page);
  await page.goto(site.page({ html: snippet(server, task) }));
  const element = elementOf(page);
  await element.getByRole('button', { name: 'Join training' }).waitFor();
  const press = (name: string) =>
    element.evaluate((host, text) => {
      const buttons = [...(host.shadowRoot?.querySelectorAll('button') ?? [])];
      for (const button of buttons) if (button.textContent === text) button.click();
      return buttons.length;
    }, name);
  expect(await press('Join')).toBeGreaterThan(0);
  await expect(element.getByRole('dialog')).toHaveCount(0);
  await element.getByRole('button', { name: 'Join training' }).click();
  await expect(element.getByRole('button', { name: 'Agree and join' })).toBeEnabled();
  await press('Agree and join');
  expect(await page.evaluate(() => Fedtab.start().catch((error: Error) => error.message))).toMatch(/^consent-required/);
  expect(await addOne(page, task)).toEqual({ ok: true, kept: 'page', count: 1 });
  await expect(element).toHaveAttribute('data-state', 'idle');
  expect([sockets, page.workers(), await databases(page)]).toEqual([[], [], 0]);
  expect(requests.filter((url) => url.includes('sdk.js'))).toEqual([]);

  await element.getByRole('button', { name: 'Agree and join' }).click();
  await expect(element).toHaveAttribute('data-state', /connecting|preparing|waiting/);
  await expect.poll(() => databases(page)).toBe(2);
  await page.evaluate(() => Fedtab.stop());
  await expect(element).toHaveAttribute('data-state', 'left');
  expect(await page.evaluate(() => Fedtab.start().catch((error: Error) => error.message))).toMatch(/^consent-required/);
});

test('threat E1: the dialog cannot be agreed to while it is too small to be read, or not to be seen', async ({
  page,
  server,
  site,
}) => {
  const task = await createTask({ server, site });
  await page.goto(site.page({ html: snippet(server, task) }));
  const element = elementOf(page);
  await element.getByRole('button', { name: 'Join training' }).click();
  const agree = element.getByRole('button', { name: 'Agree and join' });
  await expect(agree).toBeEnabled();
  await page.setViewportSize({ width: 200, height: 400 });
  await agree.click();
  await page.setViewportSize({ width: 800, height: 600 });
  await element.evaluate((host) => {
    host.style.opacity = '0';
  });
  await agree.click();
  await expect(element).toHaveAttribute('data-state', 'idle');
  await element.evaluate((host) => {
    host.style.opacity = '';
  });
  await agree.click();
  await expect(element).toHaveAttribute('data-state', 'needs-data');
});

test('threat E1: a site that the task does not list is told `origin`, and no socket is opened', async ({
  page,
  server,
  site,
}) => {
  const task = await createTask({ server, site }, { origins: ['http://elsewhere.example'] });
  const { sockets } = watch(page);
  await page.goto(site.page({ html: snippet(server, task) }));
  const element = elementOf(page);
  await element.getByRole('button', { name: 'Join training' }).click();
  await expect(element).toHaveAttribute('data-reason', 'origin');
  await expect(element).toHaveAttribute('data-state', 'error');
  await expect(element).toContainText('This site may not take part in this task.');
  expect(sockets).toEqual([]);

  // A site that answers for the consent itself hears the same of the program.
  await page.goto(site.page({ html: snippet(server, task, 'data-consent="granted"') }));
  await element.waitFor();
  await page.evaluate(() => Fedtab.start());
  await expect(element).toHaveAttribute('data-reason', 'origin');
  await expect(element).toContainText('This site may not take part in this task.');
  expect(sockets).toEqual([]);
});

test('granted: the site starts it without a dialog; state and way out are on the page all the same', async ({
  page,
  server,
  site,
}) => {
  const task = await createTask({ server, site });
  const html = snippet(server, task, 'data-consent="granted"');
  await page.goto(site.page({ html, csp: `${strictCsp(server)} 'unsafe-inline'` }));
  const element = elementOf(page);
  await expect(element).toHaveAttribute('data-state', 'idle');
  const heard = page.evaluate(
    () =>
      new Promise<number>((resolve) =>
        Fedtab.on('round', ({ round, outcome }) => outcome === 'counted' && resolve(round)),
      ),
  );
  await page.evaluate(() => Fedtab.configure({ backend: 'cpu' }));
  await addOne(page, task);
  await server.adminJson(`/api/tasks/${task}/rounds`, { body: { count: 1 } });
  await page.evaluate((name) => Fedtab.start(name), task);
  expect(await heard).toBe(1);
  expect(await roundsOf(server, task)).toMatchObject([{ outcome: 'committed', accepted: 1 }]);

  await page.evaluate(() => Fedtab.pause());
  await expect(element).toHaveAttribute('data-state', 'paused');
  await page.evaluate(() => Fedtab.start());
  await expect(element).not.toHaveAttribute('data-state', 'paused');
  await element.getByRole('button', { name: 'Pause' }).click();
  await expect(element).toHaveAttribute('data-state', 'paused');
  await page.evaluate(() => Fedtab.start());
  await expect(element, 'the visitor paused: the visitor resumes').toHaveAttribute('data-state', 'paused');
  await element.getByRole('button', { name: 'Leave' }).click();
  await expect(element).toHaveAttribute('data-state', 'left');
  expect(page.workers()).toEqual([]);
  await element.getByRole('button', { name: 'Join training' }).click();
  await expect(element).toHaveAttribute('data-state', /waiting|preparing|connecting/);
});

test('declined in Chinese as well', async ({ page, server, site }) => {
  const task = await createTask({ server, site });
  await page.goto(site.page({ html: snippet(server, task, 'data-lang="zh"') }));
  const element = elementOf(page);
  await element.getByRole('button', { name: '参与训练' }).click();
  await expect(element.getByRole('button', { name: '同意并参与' })).toBeEnabled();
  await page.keyboard.press('Escape');
  await expect(element.getByRole('dialog')).toHaveCount(0);
  await expect(element).toHaveAttribute('data-state', 'idle');
  await page.evaluate((host) => document.querySelector(host)?.setAttribute('data-lang', 'en'), 'fedtab-contribute');
  await join(page);
  await expect(element).toHaveAttribute('data-state', 'needs-data');
});
