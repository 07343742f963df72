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

const pixels = Array.from({ length: 784 }, (_, index) => (index % 28 === 14 ? 255 : 0));
const addOne = (page: Page, task: string) =>
  page.evaluate(([name, image]) => Fedtab.addExamples(name, [{ image, label: '1' }]), [task, pixels] as const);

/** Every global, and every property of every global's prototype, with what a patch would change. */
const surfaceOf = (page: Page) =>
  page.evaluate(() => {
    const kindOf = (owner: object, key: string) => {
      const { value, get } = Object.getOwnPropertyDescriptor(owner, key) ?? {};
      const code = value ?? get;
      return typeof code === 'function' ? /\[native code\]/.test(Function.prototype.toString.call(code)) : typeof code;
    };
    const surface: string[] = [];
    for (const name of Object.getOwnPropertyNames(window)) {
      surface.push(name);
      const { value } = Object.getOwnPropertyDescriptor(window, name) ?? {};
      const prototype: unknown = typeof value === 'function' ? value.prototype : null;
      if (typeof prototype !== 'object' || prototype === null) continue;
      for (const key of Object.getOwnPropertyNames(prototype)) surface.push(`${name}.${key} ${kindOf(prototype, key)}`);
    }
    return surface.sort();
  });

test('threat E2: where Trusted Types are enforced it trains by its policy; another tf is left alone, and only Fedtab is new', async ({
  page,
  server,
  site,
}) => {
  const task = await createTask({ server, site });
  const before = site.reports.length;
  await page.goto(site.page({ html: '' }));
  const plain = await surfaceOf(page);
  await page.addInitScript(() => Object.assign(window, { tf: { version: 'of the site' } }));
  const csp = `${strictCsp(server)}; require-trusted-types-for 'script'; trusted-types fedtab`;
  await page.goto(site.page({ html: snippet(server, task), csp }));
  const element = elementOf(page);
  await element.waitFor();
  await page.evaluate(() => Fedtab.configure({ backend: 'cpu' }));
  await addOne(page, task);
  await join(page);
  await trainOneRound(server, task, element);
  expect(await page.evaluate(() => JSON.stringify((window as { tf?: unknown }).tf))).toBe('{"version":"of the site"}');
  const surface = await surfaceOf(page);
  expect(surface.filter((name) => !plain.includes(name))).toEqual(['Fedtab', 'tf']);
  expect(plain.filter((name) => !surface.includes(name))).toEqual([]);
  expect(site.reports.slice(before)).toEqual([]);
});

test("under trusted-types 'none' it says that it cannot run here, and offers nothing", async ({
  page,
  server,
  site,
}) => {
  const task = await createTask({ server, site });
  const csp = `${strictCsp(server)}; require-trusted-types-for 'script'; trusted-types 'none'`;
  await page.goto(site.page({ html: snippet(server, task, 'data-consent="granted"'), csp }));
  const element = elementOf(page);
  await expect(element).toHaveAttribute('data-state', 'unsupported');
  await expect(element).toHaveAttribute('data-reason', 'trusted-types');
  await expect(element).toContainText('It cannot run here');
  await expect(element.getByRole('button', { name: 'Join training' })).toHaveCount(0);
  expect(await page.evaluate(() => Fedtab.start().catch((error: Error) => error.message))).toMatch(/^unsupported/);
  expect(page.workers()).toEqual([]);
});

test('taken out of the page it stops, put back it goes on; moved, it does not stop at all', async ({
  page,
  server,
  site,
}) => {
  const task = await createTask({ server, site });
  await page.goto(site.page({ html: `<div id="there"></div>${snippet(server, task, 'data-target="#there"')}` }));
  const element = elementOf(page);
  await expect(page.locator('#there > fedtab-contribute')).toHaveCount(1);
  await page.evaluate(() => Fedtab.configure({ backend: 'cpu' }));
  await addOne(page, task);
  await join(page);
  await expect(element).toHaveAttribute('data-state', 'waiting');
  const { online } = await server.adminJson<{ online: number }>(`/api/tasks/${task}`);
  expect(online).toBe(1);

  const [worker] = page.workers();
  await page.evaluate(() => document.body.prepend(document.querySelector('fedtab-contribute') as Node));
  await expect(page.locator('body > fedtab-contribute')).toHaveAttribute('data-state', 'waiting');
  expect(page.workers()).toEqual([worker]);

  await page.evaluate(() => {
    const out = document.querySelector('fedtab-contribute');
    out?.remove();
    Object.assign(document.body, { out });
  });
  await expect.poll(() => page.workers().length).toBe(0);
  await expect.poll(async () => (await server.adminJson<{ online: number }>(`/api/tasks/${task}`)).online).toBe(0);
  expect(await page.evaluate(() => Fedtab.start().catch((error: Error) => error.message))).toMatch(/^no-element/);
  await page.evaluate(() => document.body.append((document.body as unknown as { out: Node }).out));
  await expect(element).toHaveAttribute('data-state', 'waiting');
  await trainOneRound(server, task, element);
});

test('included twice and for two tasks: one element a task, each with its own consent', async ({
  page,
  server,
  site,
}) => {
  const [first, second] = [await createTask({ server, site }), await createTask({ server, site })];
  const errors: Error[] = [];
  page.on('pageerror', (error) => errors.push(error));
  const html = snippet(server, first) + snippet(server, first) + snippet(server, second);
  await page.goto(site.page({ html: `${html}<fedtab-contribute data-task="${second}"></fedtab-contribute>` }));
  await expect(elementOf(page)).toHaveCount(2);
  const elements = [first, second].map((task) => page.locator(`fedtab-contribute[data-task="${task}"]`));
  for (const element of elements) await expect(element).toHaveAttribute('data-state', 'idle');
  await elements[1]?.getByRole('button', { name: 'Join training' }).click();
  await elements[1]?.getByRole('button', { name: 'Agree and join' }).click();
  await expect(elements[1] ?? elementOf(page)).toHaveAttribute('data-state', 'needs-data');
  await expect(elements[0] ?? elementOf(page)).toHaveAttribute('data-state', 'idle');
  expect(errors).toEqual([]);
});

test('in a sandboxed frame, which keeps nothing, examples are in memory, and it says so', { tag: '@long' }, async ({
  page,
  server,
  site,
}) => {
  const task = await createTask({ server, site }, { origins: ['*'] });
  const inner = site.page({ html: snippet(server, task) });
  await page.goto(
    site.page({ html: `<iframe sandbox="allow-scripts" src="${inner}" width="700" height="500"></iframe>` }),
  );
  const frame = page.frameLocator('iframe');
  const element = frame.locator('fedtab-contribute');
  await element.getByRole('button', { name: 'Join training' }).click();
  await element.getByRole('button', { name: 'Agree and join' }).click();
  await expect(element).toHaveAttribute('data-state', 'needs-data');
  await expect(element).toContainText('This browser keeps nothing here: your examples go when this page is closed.');
  await element.getByRole('button', { name: 'Add sample data' }).click();
  await expect(element).toHaveAttribute('data-state', 'waiting', { timeout: 60_000 });
  await server.adminJson(`/api/tasks/${task}/rounds`, { body: { count: 1 } });
  await expect(element).toHaveAttribute('data-state', 'accepted', { timeout: 60_000 });
  await expect.poll(() => roundsOf(server, task)).toMatchObject([{ outcome: 'committed', accepted: 1 }]);
  await element.getByRole('button', { name: 'Leave' }).click();
  await expect(element).toHaveAttribute('data-state', 'left');
});

test('the SDK: a page imports it, adds examples of its own, and trains on the backend that it asks for', async ({
  page,
  server,
  site,
}) => {
  const task = await createTask({ server, site });
  const before = site.reports.length;
  await page.goto(site.page({ html: '', csp: strictCsp(server) }));
  await server.adminJson(`/api/tasks/${task}/rounds`, { body: { count: 1 } });
  const told = await page.evaluate(
    async ([address, name, image]) => {
      const { createClient } = (await import(address)) as typeof import('../../web/embed/sdk.ts');
      const client = createClient({ task: name, backend: 'cpu' });
      const states: string[] = [client.view().state];
      client.on('state', ({ state }) => states.push(state));
      const counted = new Promise<number | null>((resolve) =>
        client.on('round', ({ outcome, version }) => outcome === 'counted' && resolve(version)),
      );
      const wrong = await client.addExamples([{ image: [1, 2, 3], label: '1' }]);
      const label = await client.addExamples([{ image, label: 'ten' }]);
      const picture = new ImageData(28, 28);
      for (let at = 0; at < picture.data.length; at++) picture.data[at] = at % 4 < 3 && at > 800 && at < 1600 ? 0 : 255;
      const added = await client.addExamples([
        { image, label: '1' },
        { image: picture, label: 0 },
      ]);
      await client.start();
      const version = await counted;
      const { backend } = client.view();
      await client.stop();
      const forgotten = await client.forget();
      const databases = await indexedDB.databases();
      return { wrong, label, added, states, version, backend, last: client.view().state, forgotten, databases };
    },
    [`${server.url}/sdk.js`, task, pixels] as const,
  );
  expect(told.wrong).toMatchObject({ ok: false, reason: 'bad-examples' });
  expect(told.label).toMatchObject({ ok: false, message: expect.stringContaining('"ten" is none of the labels 0, 1') });
  expect(told.added).toMatchObject({ ok: true, count: 2, kept: 'indexeddb', perLabel: [1, 1, 0, 0, 0, 0, 0, 0, 0, 0] });
  expect(told.states.slice(0, 2)).toEqual(['idle', 'connecting']);
  expect(told).toMatchObject({ version: 1, last: 'left', forgotten: { serverForgot: true, examplesDeleted: true } });
  expect(told.backend).toMatchObject({ requested: 'cpu', used: 'cpu', reason: null });
  expect(told.databases).toEqual([]);
  expect(site.reports.slice(before)).toEqual([]);
});

test('the SDK scores a version, in an evaluation round, on the fifth of the examples that it sets aside', async ({
  page,
  server,
  site,
}) => {
  const task = await createTask({ server, site }, { heldOut: true });
  await page.goto(site.page({ html: '', csp: strictCsp(server) }));
  await page.evaluate(
    async ([address, name]) => {
      const { createClient } = (await import(address)) as typeof import('../../web/embed/sdk.ts');
      const client = createClient({ task: name, backend: 'cpu' });
      await client.addSamples();
      const waiting = new Promise((resolve) => client.on('state', ({ state }) => state === 'waiting' && resolve(null)));
      await client.start();
      await waiting;
    },
    [`${server.url}/sdk.js`, task] as const,
  );
  await server.adminJson(`/api/tasks/${task}/evaluate`, { body: {} });
  const ended = async () => (await roundsOf(server, task)).map(({ outcome, accepted }) => ({ outcome, accepted }));
  await expect.poll(ended, { timeout: 60_000 }).toEqual([{ outcome: 'committed', accepted: 1 }]);
});
