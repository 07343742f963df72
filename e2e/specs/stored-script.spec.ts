import { writeFileSync } from 'node:fs';
import { expect, type Page } from 'playwright/test';
import { ask, join } from '../conformance/minimal-client.ts';
import {
  agreeAndJoin,
  contributeUrl,
  drawOne,
  expectRounds,
  expectState,
  startRounds,
} from '../fixtures/contribute.ts';
import { elementOf, join as joinByPress, snippet, strictCsp, test } from '../fixtures/embed-site.ts';
import type { RunningServer } from '../fixtures/server.ts';

/** Each would say `ran()` where it is taken for anything but text. */
const SCRIPTS = [
  '<img src=x onerror=ran()>',
  '<svg onload=ran()>',
  '<script>ran()</script>',
  '"><img src=x onerror="ran()">',
  "'-ran()-'",
  'javascript:ran()',
  '</title><script>ran()</script>',
  '<details open ontoggle=ran()>',
  '{{ran()}}',
  '<b>bold</b>&lt;i&gt;',
] as const;
const [IMG, SVG, SCRIPT, QUOTED, APOSTROPHE] = SCRIPTS;

const TABS = ['overview', 'rounds', 'contributors', 'model', 'settings'];

/** Notes on every page that opens from here on: what ran, and what a policy held back. */
async function watch(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const found: string[] = [];
    Object.assign(globalThis, { found, ran: () => found.push('a script ran') });
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, sample }) =>
      found.push(`${violatedDirective}: ${sample}`),
    );
  });
  page.on('dialog', (dialog) => dialog.dismiss());
}

/** What ran, what a policy held back, and elements that nobody but such a text can have made, shadow roots included. */
const troubleOn = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const { found } = globalThis as unknown as { found: string[] };
    const elements: string[] = [];
    const look = (root: Document | ShadowRoot): void => {
      for (const element of root.querySelectorAll('*')) {
        if (element.shadowRoot !== null) look(element.shadowRoot);
        const isOdd = element.matches(
          'script:not([src]), img[src="x"], b, i, details[ontoggle], [href^="javascript:"]',
        );
        if (isOdd || [...element.attributes].some(({ name }) => name.startsWith('on')))
          elements.push(element.outerHTML);
      }
    };
    look(document);
    return [...found, ...elements];
  });

async function openAdmin(page: Page, server: RunningServer): Promise<void> {
  await page.goto(`${server.url}/admin?lang=en`);
  await page.getByLabel('Admin token').fill(server.adminToken);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Log out' })).toBeVisible();
}

/** Every page of the dashboard of a task; `texts` stand on its settings as they are. */
async function lookAtDashboard(
  page: Page,
  server: RunningServer,
  task: string,
  texts: readonly string[],
): Promise<void> {
  for (const tab of TABS) {
    await page.goto(`${server.url}/admin?lang=en&task=${task}&tab=${tab}`);
    await expect(page.locator('main')).toHaveAttribute('data-task', task);
    await expect(page.locator('main')).toHaveAttribute('data-connection', 'live');
    if (tab === 'settings') for (const text of texts) await expect(page.locator('main')).toContainText(text);
    expect(await troubleOn(page), tab).toEqual([]);
  }
  await page.goto(`${server.url}/admin?lang=en&new&from=${task}`);
  await expect(page.getByRole('button', { name: 'Create task' })).toBeVisible();
  expect(await troubleOn(page), 'a copy').toEqual([]);
}

test('threat C13: script in labels, in what is embedded and in what admins see stays text', async ({
  page,
  server,
  site,
}) => {
  const rounds = { goal: 1, minimum: 1 };
  await server.adminJson('/api/tasks', {
    body: {
      ...{ template: 'digits', id: 'stored', model: { zoo: 'softmax', seed: 1 }, rounds, courtesy: { share: 1 } },
      data: { kind: 'image', shape: [28, 28, 1], labels: [...SCRIPTS], sample: null },
      access: { allowedOrigins: [server.url, site.origin], joinToken: QUOTED },
    },
  });
  await watch(page);
  await page.goto(`${contributeUrl(server, 'stored')}#join=${encodeURIComponent(QUOTED)}`);
  const labels = page.getByRole('group', { name: 'Labels' }).or(page.getByLabel('Label')).first();
  await expect(labels).toBeVisible();
  await drawOne(page);
  await page.getByRole('button', { name: IMG }).click();
  await expect(page.getByRole('list', { name: 'Your examples, newest first' })).toContainText(IMG);
  for (const text of SCRIPTS) await expect(page.locator('main')).toContainText(text);
  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await startRounds(server, 'stored', 1);
  await expectRounds(server, 'stored', (all) => all[0]?.outcome === 'committed');
  await page.getByRole('button', { name: 'Try it', exact: true }).click();
  await drawOne(page);
  await expect(page.locator('main')).toContainText(SVG);
  expect(await troubleOn(page)).toEqual([]);

  const admin = await page.context().newPage();
  await watch(admin);
  await openAdmin(admin, server);
  await lookAtDashboard(admin, server, 'stored', SCRIPTS);
  await admin.goto(`${server.url}/admin?lang=en&task=stored`);
  await expect(admin.locator('main')).toContainText(encodeURIComponent(QUOTED));
  expect(await troubleOn(admin)).toEqual([]);
  await admin.close();

  await server.adminJson('/api/tasks', {
    body: {
      ...{ template: 'digits', id: 'stored-open', model: { zoo: 'softmax', seed: 1 }, rounds },
      data: { kind: 'image', shape: [28, 28, 1], labels: [...SCRIPTS], sample: null },
      access: { allowedOrigins: [site.origin] },
    },
  });
  const embed = await page.context().newPage();
  await watch(embed);
  const csp = `${strictCsp(server)}; require-trusted-types-for 'script'; trusted-types fedtab`;
  await embed.goto(site.page({ html: snippet(server, 'stored-open'), csp }));
  const element = elementOf(embed);
  await element.waitFor();
  await embed.evaluate((label) => {
    Fedtab.configure({ backend: 'cpu' });
    return Fedtab.addExamples('stored-open', [{ image: Array<number>(784).fill(255), label }]);
  }, IMG);
  await joinByPress(embed);
  await expect(element).toHaveAttribute('data-state', 'waiting');
  expect(await troubleOn(embed)).toEqual([]);
  await embed.close();
});

test('threat C13: script in the names of columns, their values, a target and titles to rate stays text', async ({
  page,
  server,
}) => {
  const category = { type: 'category', values: [SVG, SCRIPT], name: IMG } as const;
  const number = { type: 'number', name: QUOTED, mean: 0, deviation: 1 } as const;
  const dense = { class_name: 'Dense', config: { name: 'out', units: 1, activation: 'linear' } };
  await server.adminJson('/api/tasks', {
    body: {
      ...{
        template: 'table',
        id: 'stored-columns',
        title: 'Columns',
        model: { topology: { input: [3], layers: [dense] } },
      },
      data: {
        ...{ kind: 'table', columns: [category, number], sample: null },
        target: { name: APOSTROPHE, mean: 0, deviation: 1 },
      },
    },
  });
  await watch(page);
  await page.goto(contributeUrl(server, 'stored-columns'));
  const path = test.info().outputPath('rows.csv');
  const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const rows = [
    [IMG, QUOTED, APOSTROPHE],
    [SVG, '1', '2'],
    [SCRIPT, '3', '4'],
    ['<img src=x onerror=ran()>', '5', '6'],
  ];
  writeFileSync(path, rows.map((row) => row.map(cell).join(',')).join('\n'));
  await page.getByLabel('CSV file').setInputFiles(path);
  const dialog = page.getByRole('dialog', { name: 'Which column is which?' });
  await expect(dialog).toContainText(IMG);
  expect(await troubleOn(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Add rows' }).click();
  await expect(page.getByRole('list', { name: 'Your examples, newest first' })).toContainText(SVG);
  expect(await troubleOn(page)).toEqual([]);

  const items = Array.from({ length: 120 }, (_, index) => `${SCRIPTS[index % SCRIPTS.length]} ${index}`);
  await server.adminJson('/api/tasks', {
    body: { template: 'movies', id: 'stored-titles', title: 'Titles', data: { kind: 'ratings', items, sample: null } },
  });
  await page.goto(contributeUrl(server, 'stored-titles'));
  await expect(page.locator('main')).toContainText(`${IMG} 0`);
  expect(await troubleOn(page)).toEqual([]);

  await openAdmin(page, server);
  await lookAtDashboard(page, server, 'stored-columns', [IMG, APOSTROPHE]);
  await lookAtDashboard(page, server, 'stored-titles', [`${SVG} 1`]);
});

test('threat C13: where no such text belongs it is refused: titles, layers, and all that contributors say of themselves', async ({
  server,
}) => {
  const refused = async (body: object): Promise<number> => (await server.admin('/api/tasks', { body })).status;
  for (const script of SCRIPTS.slice(0, 4)) {
    expect(await refused({ template: 'digits', id: 'titled', title: script })).toBe(422);
    expect(await refused({ template: 'digits', id: script })).toBe(422);
    const layers = [{ class_name: 'Flatten', config: { name: script } }];
    expect(
      await refused({ template: 'digits', id: 'layered', model: { topology: { input: [28, 28, 1], layers } } }),
    ).toBe(422);
    const access = { allowedOrigins: [script] };
    expect(await refused({ template: 'digits', id: 'sited', access })).toBe(422);
  }
  await server.adminJson('/api/tasks', { body: { template: 'seed-dense', id: 'said' } });
  for (const script of SCRIPTS.slice(0, 2)) {
    const { socket } = await join(server.url, 'said');
    for (const message of [
      { examples: 1, backend: script, held: null },
      { examples: script, backend: 'cpu', held: null },
      { examples: 1, backend: 'cpu', held: script },
    ])
      expect(await ask(socket, 'check-in', message)).toMatchObject({ ok: false, reason: 'bad-message' });
    socket.disconnect();
  }
});

test('the look finds what such a text would make', async ({ page, server }) => {
  await watch(page);
  await page.goto(server.url);
  await page.evaluate((html) => {
    const part = new DOMParser().parseFromString(html, 'text/html');
    document.body.append(...part.body.childNodes);
  }, SCRIPTS.join(''));
  expect((await troubleOn(page)).length).toBeGreaterThan(5);
});
