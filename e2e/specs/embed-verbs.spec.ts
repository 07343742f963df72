import { expect, type Page } from 'playwright/test';
import { createTask, elementOf, join, roundsOf, snippet, test } from '../fixtures/embed-site.ts';
import { gateSockets, speaking } from '../fixtures/socket-gate.ts';

const pixels = Array.from({ length: 784 }, (_, index) => (index % 28 === 14 ? 255 : 0));
const addOne = (page: Page, task: string) =>
  page.evaluate(([name, image]) => Fedtab.addExamples(name, [{ image, label: '1' }]), [task, pixels] as const);
const databases = (page: Page) => page.evaluate(async () => (await indexedDB.databases()).length);

test('the verbs of a site, in whatever order they come: pause while it loads, start after stop, forget; for a closed task', async ({
  page,
  server,
  site,
}) => {
  const joinToken = 'for the members';
  const task = await createTask({ server, site }, { joinToken });
  const online = async () => (await server.adminJson<{ online: number }>(`/api/tasks/${task}`)).online;
  await page.goto(site.page({ html: snippet(server, task, 'data-consent="granted" data-theme="dark"') }));
  const element = elementOf(page);
  const colours = () => element.locator('.frame').evaluate((frame) => getComputedStyle(frame).colorScheme);
  expect(await colours()).toBe('dark');
  await element.evaluate((host) => host.setAttribute('data-theme', 'light'));
  expect(await colours()).toBe('light');

  await page.evaluate((token) => Fedtab.configure({ backend: 'cpu', joinToken: token }), joinToken);
  await addOne(page, task);
  await page.evaluate(async () => {
    const starting = Fedtab.start();
    Fedtab.pause();
    await starting;
  });
  await expect(element).toHaveAttribute('data-state', 'paused');
  expect(await online(), 'nothing was connected').toBe(0);
  await page.evaluate(() => Fedtab.start());
  await expect(element).toHaveAttribute('data-state', 'waiting');

  await page.evaluate(async () => {
    await Fedtab.stop();
    const first = Fedtab.start();
    const stopping = Fedtab.stop();
    const second = Fedtab.start();
    await first;
    await Promise.all([stopping, second, Fedtab.start()]);
  });
  await expect(element).toHaveAttribute('data-state', 'waiting');
  await expect.poll(online).toBe(1);
  expect(page.workers()).toHaveLength(1);
  await server.adminJson(`/api/tasks/${task}/rounds`, { body: { count: 1 } });
  await expect(element).toHaveAttribute('data-state', 'accepted');
  await expect.poll(() => roundsOf(server, task)).toMatchObject([{ outcome: 'committed', accepted: 1 }]);

  expect(await page.evaluate(() => Fedtab.forget())).toEqual({ serverForgot: true, examplesDeleted: true });
  await expect(element).toHaveAttribute('data-state', 'left');
  expect([await databases(page), page.workers().length]).toEqual([0, 0]);
  await expect.poll(online, 'the server hears of it a moment later').toBe(0);
});

test('an old page offers to reload; and where the server is away, what is here can be deleted all the same', async ({
  page,
  server,
  site,
}) => {
  const task = await createTask({ server, site });
  await gateSockets(page, speaking(99));
  await page.goto(site.page({ html: snippet(server, task) }));
  const element = elementOf(page);
  await addOne(page, task);
  await join(page);
  await expect(element).toHaveAttribute('data-reason', 'upgrade-required');
  await expect(element).toContainText('This page is older than the server. Reload it to go on.');
  expect(await databases(page)).toBe(2);
  const reloaded = page.waitForEvent('load');
  await element.getByRole('button', { name: 'Reload the page' }).click();
  await reloaded;

  await element.getByRole('button', { name: 'What is this?' }).click();
  await page.route(`${server.url}/**`, (route) => route.abort());
  await element.getByRole('button', { name: 'Delete my data' }).click();
  const dialog = element.getByRole('dialog', { name: 'Delete my data' });
  await expect(dialog).toContainText('Only your examples and your key in this browser are deleted.');
  await dialog.getByRole('button', { name: 'Delete my data' }).click();
  await expect(element).toContainText('Deleted in this browser only.');
  await expect(element).toHaveAttribute('data-state', 'left');
  expect(await databases(page)).toBe(0);
});

test('a pause for the data saver is the visitor’s to lift; samples handed out before are said to be', {
  tag: '@long',
}, async ({ page, server, site }) => {
  const task = await createTask({ server, site });
  const address = `${server.url}/api/tasks/${task}/samples?count=6000`;
  for (let taken = 0; taken < 60_000; taken += 6_000) await (await fetch(address)).arrayBuffer();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Emulation.setDataSaverOverride', { dataSaverEnabled: true });
  await page.goto(site.page({ html: snippet(server, task) }));
  const element = elementOf(page);
  await join(page);
  await expect(element).toHaveAttribute('data-state', 'paused-data');
  await element.getByRole('button', { name: 'Resume' }).click();
  await expect(element).toHaveAttribute('data-state', 'needs-data');
  await element.getByRole('button', { name: 'Add sample data' }).click();
  await expect(element).toContainText(
    'These sample examples are handed out for the second time: others have them too.',
  );
});
