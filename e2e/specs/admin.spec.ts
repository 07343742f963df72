import { readFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import { expect, type Page } from 'playwright/test';
import type { TaskId } from '../../shared/ids.ts';
import { accessibilityProblems, problemsInBothColours } from '../fixtures/accessibility.ts';
import { addSamples, agreeAndJoin, contributeUrl, expectState, fewSamples } from '../fixtures/contribute.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { test } from '../fixtures/worker-server.ts';
import { Population } from '../sim/population.ts';
import { gatedTrainer, noiseTrainer } from '../sim/trainers.ts';

// What a person is promised within a second is waited for three times as long.
const PROMISED = { timeout: 3_000 };

let server: RunningServer;
test.beforeAll(({ server: running }) => {
  server = running;
});

interface Task {
  readonly version: number;
  readonly state: string;
  readonly sha256: string;
  readonly spec: unknown;
}
const taskOf = (id: string): Promise<Task> => server.adminJson(`/api/tasks/${id}`);

type Metrics = { readonly accuracy: number } | null;

/** A small task of its own for a test. */
async function createTask(id: string, overrides: object = {}): Promise<TaskId> {
  await server.adminJson('/api/tasks', {
    body: { template: 'digits', id, title: `Task ${id}`, model: { zoo: 'softmax', seed: 1 }, ...overrides },
  });
  return id as TaskId;
}

async function logIn(page: Page, address = '/admin?lang=en'): Promise<void> {
  await page.goto(server.url + address);
  await page.getByLabel('Admin token').fill(server.adminToken);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('button', { name: 'Log out' })).toBeVisible();
}

const contributors = (task: TaskId, count: number, gate?: (signal: AbortSignal) => Promise<unknown>): Population =>
  new Population({
    server: server.url,
    task,
    count,
    trainer: (index) => (gate ? gatedTrainer(noiseTrainer(index), gate) : noiseTrainer(index)),
  });

const main = (page: Page) => page.locator('main');

test.describe('the way in', () => {
  test('threat A1: a link works once, its code leaves the address at once, and logging out ends the session', async ({
    page,
    browser,
  }) => {
    const own = await startServer();
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    await page.goto(own.adminLink);
    await expect(page.getByRole('button', { name: 'Log out' })).toBeVisible();
    const code = new URL(own.adminLink).hash.slice(1);
    expect(page.url()).not.toContain(code);
    expect(await page.evaluate(() => document.documentElement.outerHTML)).not.toContain(code);
    expect(addresses.filter((address) => new URL(address).href.replace(/#.*/, '').includes(code))).toEqual([]);
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });

    const other = await browser.newContext();
    const again = await other.newPage();
    await again.goto(own.adminLink);
    await expect(again.getByText('This link was used before')).toBeVisible();
    await expect(again.getByLabel('Admin token')).toBeVisible();
    await other.close();

    await page.getByRole('button', { name: 'Log out' }).click();
    await expect(page.getByText('You are logged out.')).toBeVisible();
    expect(await page.context().cookies()).toEqual([]);
    const answer = await fetch(`${own.url}/api/session`, { headers: { cookie: `${cookie?.name}=${cookie?.value}` } });
    expect(answer.status).toBe(401);
    await page.goto(`${own.url}/admin`);
    await expect(page.getByLabel('Admin token')).toBeVisible();
    await own.dispose();
  });

  test('a wrong token is told, and the right one lets in', async ({ page }) => {
    await page.goto(`${server.url}/admin`);
    await page.getByLabel('Admin token').fill('not-the-admin-token');
    await page.getByRole('button', { name: 'Log in' }).click();
    await expect(page.getByText('This token is not the right one.')).toBeVisible();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByLabel('Admin token').fill(server.adminToken);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: 'Log out' })).toBeVisible();
  });

  test('a session that ends elsewhere leads back to the log-in, with nothing left on the screen', async ({ page }) => {
    const task = await createTask('session-over');
    await logIn(page, `/admin?lang=en&task=${task}`);
    await expect(page.getByRole('heading', { name: `Task ${task}` })).toBeVisible();
    expect((await page.request.delete(`${server.url}/api/session`)).status()).toBe(204);
    await expect(page.getByText('Your session is over.')).toBeVisible(PROMISED);
    await expect(page.getByText(task)).toHaveCount(0);
  });
});

test.describe('a new task', () => {
  test('is made of a template with every change that was typed', async ({ page }) => {
    await logIn(page);
    await page.getByRole('button', { name: 'New task' }).click();
    await page.getByLabel('Template').selectOption({ label: 'Handwritten digits, one dense layer' });
    await expect(page.getByText('7,850')).toBeVisible();
    await page.getByLabel('Task name').fill('Made by hand');
    await expect(page.getByLabel('Task id')).toHaveValue('made-by-hand');
    await page.getByLabel('Architecture').selectOption('mlp-2nn');
    await page.getByLabel('Loss', { exact: true }).selectOption('categoricalCrossentropy');
    await expect(page.getByText('199,210')).toBeVisible();
    await page.getByLabel('Goal').fill('7');
    await page.getByLabel('Minimum').fill('4');
    await page.getByLabel('Wait for reports').fill('45');
    await page.getByLabel('Stop after').fill('3');
    await page.getByLabel('Sites that may embed it').fill('https://example.org\nhttp://localhost:3000\n');
    await page.getByLabel('By invitation only').check();
    await page.getByLabel('Join token').fill('only-for-friends');
    await page.getByRole('button', { name: 'Create task' }).click();

    await expect(main(page)).toHaveAttribute('data-task', 'made-by-hand');
    await expect(main(page)).toHaveAttribute('data-state', 'idle');
    await expect(page.getByRole('heading', { name: 'Made by hand' })).toBeVisible();
    const { spec } = await taskOf('made-by-hand');
    expect(spec).toMatchObject({
      id: 'made-by-hand',
      title: 'Made by hand',
      model: { zoo: 'mlp-2nn' },
      client: { epochs: 3, loss: 'categoricalCrossentropy' },
      rounds: { goal: 7, minimum: 4, reportingDeadlineMs: 45_000 },
      access: { allowedOrigins: ['https://example.org', 'http://localhost:3000'], joinToken: 'only-for-friends' },
    });
  });

  test('threat C13: is refused with the problem beside its field: a hostile name, numbers out of range, a contradiction', async ({
    page,
  }) => {
    const requests: string[] = [];
    page.on('request', (request) => request.method() === 'POST' && requests.push(new URL(request.url()).pathname));
    page.on('dialog', () => requests.push('a script ran'));
    await logIn(page, '/admin?lang=en&new');
    const name = page.getByLabel('Task name');
    await name.fill('<img src=x onerror=alert(1)>');
    await expect(page.getByText('Letters, digits, spaces and simple punctuation only.')).toBeVisible();
    await page.getByRole('button', { name: 'Create task' }).click();
    await expect(name).toBeFocused();
    await name.fill('Digits, refused');
    await page.getByLabel('Batch size').fill('0');
    await expect(page.getByText('A whole number from 1 to 4,096.')).toBeVisible();
    await page.getByLabel('Batch size').fill('10');
    await page.getByLabel('Minimum').fill('4');
    await expect(page.getByText('Not above the goal.')).toBeVisible();
    await page.getByRole('button', { name: 'Create task' }).click();
    await expect(page.getByLabel('Minimum')).toBeFocused();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(requests).toEqual(['/api/session', '/api/session/ticket']);
  });

  test('shows the problems that the server found beside their fields too', async ({ page }) => {
    const problems = [{ path: 'rounds.goal', message: 'is too much for this server' }];
    await page.route(`${server.url}/api/tasks`, (route) =>
      route.request().method() === 'POST'
        ? route.fulfill({
            status: 422,
            json: { error: { code: 'invalid', message: 'one field is not valid', problems } },
          })
        : route.continue(),
    );
    await logIn(page, '/admin?lang=en&new');
    await page.getByLabel('Task name').fill('Refused by the server');
    await page.getByRole('button', { name: 'Create task' }).click();
    const goal = page.getByLabel('Goal');
    await expect(goal).toBeFocused();
    await expect(goal).toHaveAccessibleDescription(/is too much for this server/);
    await goal.fill('4');
    await expect(page.getByText('is too much for this server')).toHaveCount(0);
  });

  test('takes a topology of its own, and says where it is wrong', async ({ page }) => {
    await logIn(page, '/admin?lang=en&new');
    await page.getByLabel('Task name').fill('Own layers');
    await page.getByLabel('Architecture').selectOption('own');
    const topology = page.getByLabel('Topology');
    const text = await topology.inputValue();
    await topology.fill('{');
    await expect(page.getByText('This is not JSON that can be read.')).toBeVisible();
    await topology.fill(text.replace('"units": 10', '"units": 11'));
    await expect(page.getByText('The model must have one output for each label.')).toBeVisible();
    await topology.fill(text.replaceAll('"units": 200', '"units": 20'));
    await expect(page.getByText('Every field is in order.')).toBeVisible();
    await page.getByRole('button', { name: 'Create task' }).click();
    await expect(main(page)).toHaveAttribute('data-task', 'own-layers');
    await page.getByRole('tab', { name: 'Model' }).click();
    await expect(page.getByText('16,330 parameters')).toBeVisible();
  });
});

test.describe('rounds', () => {
  test('start with a count, pause, resume and stop, each as the buttons say', async ({ page }) => {
    const task = await createTask('controls');
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const people = contributors(task, 3, () => gate);
    await people.start();
    await logIn(page, `/admin?lang=en&task=${task}`);
    await expect(page.getByRole('button', { name: 'Pause' })).toHaveCount(0);
    await expect(page.getByRole('button', { name: 'Stop' })).toHaveCount(0);
    await page.getByLabel('Number of rounds').fill('0');
    await expect(page.getByRole('button', { name: 'Start rounds' })).toBeDisabled();
    await page.getByLabel('Number of rounds').fill('500');
    await page.getByRole('button', { name: 'Start rounds' }).click();
    await expect(main(page)).toHaveAttribute('data-state', 'running');
    await expect(page.getByRole('heading', { name: /^Round 1 · reporting · / })).toBeVisible();
    await expect(page.getByRole('list', { name: 'Contributors of this round' })).toContainText('training3');

    await page.getByRole('button', { name: 'Pause' }).click();
    await expect(main(page)).toHaveAttribute('data-state', 'paused');
    await expect(page.getByText('Pausing after this round')).toBeVisible();
    open();
    await expect(main(page)).toHaveAttribute('data-version', '1');
    await expect(page.getByText('Paused · 499 rounds left')).toBeVisible();

    await page.getByRole('button', { name: 'Resume' }).click();
    await expect(main(page)).toHaveAttribute('data-state', 'running');
    await expect.poll(async () => Number(await main(page).getAttribute('data-version'))).toBeGreaterThan(2);
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect(main(page)).toHaveAttribute('data-state', 'idle');
    await expect(page.getByRole('button', { name: 'Stop' })).toHaveCount(0);
    await people.close();
    expect((await taskOf(task)).state).toBe('idle');
    await expect(main(page)).toHaveAttribute('data-version', String((await taskOf(task)).version));
  });

  test('that were abandoned say why: in the strip, in the history, in the state', async ({ page }) => {
    const task = await createTask('nobody-comes', { rounds: { selectionDeadlineMs: 1_000 } });
    await logIn(page, `/admin?lang=en&task=${task}`);
    await page.getByRole('button', { name: 'Start rounds' }).click();
    const why = 'Round 1 was abandoned: fewer than 2 contributors were there in time.';
    await expect(page.getByText(why)).toBeVisible();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('link', { name: 'Round 1: abandoned' }).click();
    await expect(page.getByRole('tab', { name: 'Rounds' })).toHaveAttribute('aria-selected', 'true');
    await expect(page.getByRole('region', { name: 'Round 1', exact: true })).toContainText(why);
    await expect(page.getByRole('row', { name: /^1 too few contributors/ })).toBeVisible();
    await page.reload();
    await expect(page.getByRole('region', { name: 'Round 1', exact: true })).toContainText(why);
  });

  test('draw accuracy and loss as they are scored, with the numbers in a table; traffic, seconds and the ring of each', async ({
    page,
  }) => {
    const task = await createTask('curves');
    const people = contributors(task, 3);
    await people.start();
    await logIn(page, `/admin?lang=en&task=${task}`);
    await page.getByLabel('Number of rounds').fill('3');
    await page.getByRole('button', { name: 'Start rounds' }).click();
    await expect(main(page)).toHaveAttribute('data-version', '3');
    await expect(page.locator('.chart canvas')).toHaveCount(2);
    const table = page.getByRole('figure').filter({ hasText: 'Accuracy' });
    await table.getByText('as a table').click();
    await expect(table.getByRole('row', { name: /^3 \d/ })).toContainText('%');
    await expect(table.getByRole('row')).toHaveCount(5);
    await people.close();

    const rounds = await server.adminJson<{ uplinkBytes: number; downlinkBytes: number; metrics: Metrics }[]>(
      `/api/tasks/${task}/rounds`,
    );
    const { uplinkBytes, downlinkBytes, metrics } = rounds[2] ?? { uplinkBytes: 0, downlinkBytes: 0, metrics: null };
    // Three reports of 31,496 bytes, and three times 31,400 bytes of weights.
    expect(uplinkBytes).toBeGreaterThanOrEqual(3 * 31_496);
    expect(uplinkBytes).toBeLessThanOrEqual(3 * (31_496 + 4_096));
    expect(downlinkBytes).toBeGreaterThanOrEqual(3 * 31_400);
    expect(downlinkBytes).toBeLessThanOrEqual(3 * (31_400 + 4_096));
    const accuracy = `${(100 * (metrics?.accuracy ?? Number.NaN)).toFixed(1)}\u00a0%`;
    await expect(page.locator('.ring-large .centre')).toHaveText(`${accuracy}version 3`);
    await page.getByRole('tab', { name: 'Rounds' }).click();
    const [up, down] = [uplinkBytes, downlinkBytes].map((bytes) => `${Math.round(bytes / 1_000)}\u00a0kB`);
    await expect(page.getByRole('row', { name: /^3 version 3 / }).getByRole('cell')).toHaveText([
      ...['version 3', '3', '3', '0', '0', '0', '0', up ?? '', down ?? ''],
      /^\d+\.\d{1,2}$/,
      accuracy,
      /^\d\.\d{3}$/,
      /^\d/,
    ]);
  });
});

test('who joins and leaves in another browser is on the page without a reload: promised within a second, held to three', async ({
  page,
  browser,
}) => {
  const task = await createTask('come-and-go');
  await logIn(page, `/admin?lang=en&task=${task}`);
  await expect(main(page)).toHaveAttribute('data-connection', 'live');
  await page.evaluate(() => {
    document.documentElement.dataset['visit'] = 'first';
  });
  const context = await browser.newContext();
  await fewSamples(context, 20);
  const contributor = await context.newPage();
  await contributor.goto(contributeUrl(server, task));
  await addSamples(contributor);
  await expect(main(page)).toHaveAttribute('data-online', '0');
  await agreeAndJoin(contributor);
  await expectState(contributor, 'waiting');
  await expect(main(page)).toHaveAttribute('data-online', '1', PROMISED);
  await page.getByRole('tab', { name: 'Contributors' }).click();
  await expect(page.getByRole('row', { name: /waiting for a round CPU 20$/ })).toHaveCount(1);
  expect(await accessibilityProblems(page)).toEqual([]);
  await contributor.getByRole('button', { name: 'Leave' }).click();
  await expect(main(page)).toHaveAttribute('data-online', '0', PROMISED);
  await expect(page.getByText('Nobody is here.')).toBeVisible(PROMISED);
  expect(await page.evaluate(() => document.documentElement.dataset['visit'])).toBe('first');
  await context.close();
});

test('the model: to download for TensorFlow.js and NumPy, and to roll back', async ({ page }) => {
  const task = await createTask('model');
  const people = contributors(task, 3);
  await people.start();
  await server.adminJson(`/api/tasks/${task}/rounds`, { body: { count: 2 } });
  await logIn(page, `/admin?lang=en&task=${task}&tab=model`);
  await expect(main(page)).toHaveAttribute('data-version', '2');
  await expect(main(page)).toHaveAttribute('data-state', 'idle');

  const zip = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download model' }).click();
  expect((await zip).suggestedFilename()).toBe('model-v2-tfjs.zip');
  const files = unzipSync(await readFile(await (await zip).path()));
  expect(Object.keys(files)).toEqual(['model.json', 'weights.bin']);
  expect(files['weights.bin']?.length).toBe(7_850 * 4);
  expect(JSON.parse(new TextDecoder().decode(files['model.json']))).toHaveProperty('modelTopology');

  await page.getByLabel('Format').selectOption('npz');
  await page.getByLabel('Version').selectOption('1');
  const npz = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download model' }).click();
  expect((await npz).suggestedFilename()).toBe('model-v1.npz');
  expect(Object.keys(unzipSync(await readFile(await (await npz).path())))).toHaveLength(2);

  const checkpoints = await server.adminJson<{ sha256: string }[]>(`/api/tasks/${task}/checkpoints`);
  await page
    .getByRole('row', { name: /^version 1 / })
    .getByRole('button', { name: 'Roll back' })
    .click();
  const dialog = page.getByRole('dialog', { name: 'Roll back to version 1?' });
  await dialog.getByRole('button', { name: 'Keep the current one' }).click();
  await expect(dialog).toHaveCount(0);
  await page
    .getByRole('row', { name: /^version 1 / })
    .getByRole('button', { name: 'Roll back' })
    .click();
  await dialog.getByRole('button', { name: 'Roll back' }).click();
  await expect(main(page)).toHaveAttribute('data-version', '3');
  await expect(page.getByRole('row', { name: /^version 3 roll-back to 1/ })).toBeVisible();
  expect((await taskOf(task)).sha256).toBe(checkpoints[1]?.sha256);
  await people.close();
});

test('settings: what a task is, copied, archived and deleted by its id', async ({ page }) => {
  const ran: string[] = [];
  page.on('dialog', (dialog) => ran.push(dialog.message()));
  const labels = ['<img src=x onerror=alert(1)>', ...'123456789'];
  const task = await createTask('to-keep', { data: { labels }, access: { joinToken: 'by-invitation' } });
  await logIn(page, `/admin?lang=en&task=${task}&tab=settings`);
  await expect(page.getByText('<img src=x onerror=alert(1)>, 1, 2')).toBeVisible();
  await expect(page.getByText(`${server.url}/contribute/${task}#join=by-invitation`)).toBeVisible();
  expect(await accessibilityProblems(page)).toEqual([]);

  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
  await page.getByRole('tab', { name: 'Overview' }).click();
  await page.getByRole('button', { name: 'Copy: On a site of yours' }).click();
  await expect(page.getByText('Copied.').first()).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
    `<script src="${server.url}/embed.js" data-task="${task}" async></script>`,
  );
  await page.getByRole('tab', { name: 'Settings' }).click();

  await page.getByRole('button', { name: 'Duplicate' }).click();
  const copy = page.getByRole('dialog', { name: 'Duplicate this task' });
  await copy.getByLabel('Id of the copy').fill(task);
  await expect(copy.getByText('There is a task of this id already.')).toBeVisible();
  await copy.getByLabel('Id of the copy').fill('copy-of-it');
  await copy.getByLabel('Name of the copy').fill('A copy');
  await copy.getByRole('button', { name: 'Duplicate' }).click();
  await expect(main(page)).toHaveAttribute('data-task', 'copy-of-it');
  await expect(page.getByRole('navigation', { name: 'Tasks' })).toContainText('A copy');

  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Archive' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Archive' }).click();
  await expect(page.getByRole('button', { name: 'Start rounds' })).toHaveCount(0);

  await page.getByRole('button', { name: 'Delete' }).click();
  const removal = page.getByRole('dialog', { name: 'Delete this task?' });
  await expect(removal.getByRole('button', { name: 'Delete for good' })).toBeDisabled();
  await removal.getByLabel('Type copy-of-it to confirm').fill('copy-of-it');
  await removal.getByRole('button', { name: 'Delete for good' }).click();
  await expect(page.getByText('A copy is deleted.')).toBeVisible();
  expect((await server.admin('/api/tasks/copy-of-it')).status).toBe(404);
  expect(ran).toEqual([]);
});

test('a server that goes away is said, and the page is live again when it is back', async ({ page }) => {
  let own = await startServer();
  const { port, dataFolder } = own;
  await own.adminJson('/api/tasks', { body: { template: 'digits', model: { zoo: 'softmax', seed: 1 } } });
  await page.goto(`${own.url}/admin?lang=en`);
  await page.getByLabel('Admin token').fill(own.adminToken);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(main(page)).toHaveAttribute('data-connection', 'live');
  await own.kill();
  await expect(page.getByText('The live connection to the server is lost')).toBeVisible(PROMISED);
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByRole('button', { name: 'Start rounds' }).click();
  await expect(page.getByText('The server did not answer.')).toBeVisible();
  own = await startServer({ port, dataFolder });
  await expect(main(page)).toHaveAttribute('data-connection', 'live', { timeout: 30_000 });
  await expect(page.getByText('The live connection to the server is lost')).toHaveCount(0);
  await page.getByRole('button', { name: 'Start rounds' }).click();
  await expect(main(page)).toHaveAttribute('data-state', 'running');
  await own.dispose();
});

test('an empty server says how to begin', async ({ page }) => {
  const own = await startServer();
  await page.goto(own.adminLink);
  await expect(page.getByRole('heading', { name: 'There is no task yet' })).toBeVisible();
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByRole('button', { name: 'Start from a template' }).click();
  await page.getByRole('button', { name: 'Create task' }).click();
  await expect(main(page)).toHaveAttribute('data-task', 'digits');
  await own.dispose();
});

for (const [language, parts, tag] of [
  ['en', ['overview', 'rounds', 'rounds&round=1', 'contributors', 'model', 'settings'], []],
  ['zh', ['overview', 'model', 'settings'], ['@long']],
] satisfies [string, string[], string[]][]) {
  test(`every page is accessible, without a horizontal scroll on a phone, light and dark, ${language}`, {
    tag,
  }, async ({ page }) => {
    const task = await createTask(`accessible-${language}`);
    const people = contributors(task, 3);
    await people.start();
    await server.adminJson(`/api/tasks/${task}/rounds`, { body: { count: 2 } });
    await page.setViewportSize({ width: 360, height: 740 });
    await logIn(page);
    for (const part of parts) {
      await page.goto(`${server.url}/admin?lang=${language}&task=${task}&tab=${part}`);
      await expect(main(page)).toHaveAttribute('data-version', '2');
      await expect(main(page)).toHaveAttribute('data-connection', 'live');
      expect(await problemsInBothColours(page), part).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), part).toBe(360);
    }
    await page.goto(`${server.url}/admin?lang=${language}&new`);
    await expect(page.getByRole('button', { name: /^(Create task|创建任务)$/ })).toBeVisible();
    expect(await problemsInBothColours(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    await people.close();
  });
}

test('works by the keyboard alone', async ({ page }) => {
  const task = await createTask('keyboard');
  await logIn(page, `/admin?lang=en&task=${task}`);
  await page.getByRole('tab', { name: 'Overview' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: 'Rounds' })).toBeFocused();
  await page.keyboard.press('End');
  await expect(page.getByRole('tab', { name: 'Settings' })).toBeFocused();
  await expect(page.getByRole('tabpanel')).toContainText('A task never changes once it exists');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: 'Overview' })).toHaveAttribute('aria-selected', 'true');
  await page.getByLabel('Number of rounds').focus();
  await page.keyboard.press('Enter');
  await expect(main(page)).toHaveAttribute('data-state', 'running');
  await page.getByRole('button', { name: 'Stop' }).focus();
  await page.keyboard.press('Enter');
  await expect(main(page)).toHaveAttribute('data-state', 'idle');
});
