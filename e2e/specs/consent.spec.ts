import { expect, type Page, test } from 'playwright/test';
import {
  agreeAndJoin,
  contributeUrl,
  createTask,
  drawOne,
  expectState,
  fewSamples,
  startRounds,
} from '../fixtures/contribute.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

test.describe.configure({ mode: 'default' });
let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
  await createTask(server, 'consent');
});
test.afterAll(() => server.dispose());

/** What the page has started so far. */
interface Started {
  readonly sockets: string[];
  readonly workers: string[];
  readonly scripts: string[];
  readonly posts: string[];
  /** Of the server's data, scripts and styles apart. */
  readonly gets: string[];
  /** Of every script, as far as it has come. */
  readonly code: Promise<string>[];
}

function watch(page: Page): Started {
  const started: Started = { sockets: [], workers: [], scripts: [], posts: [], gets: [], code: [] };
  page.on('websocket', (socket) => started.sockets.push(socket.url()));
  page.on('worker', (worker) => started.workers.push(worker.url()));
  page.on('request', (request) => {
    if (request.resourceType() === 'script') started.scripts.push(new URL(request.url()).pathname);
    if (request.method() !== 'GET') started.posts.push(request.url());
    else if (request.resourceType() === 'fetch') started.gets.push(new URL(request.url()).pathname);
  });
  page.on('response', (response) => {
    if (response.request().resourceType() === 'script') started.code.push(response.text().catch(() => ''));
  });
  return started;
}

/** What every part of TF.js that can train has in it (the budgets find it in the trainer). */
const TFJS = /registerKernel|setBackend|WEBGL_/;
async function expectNothing(page: Page, started: Started): Promise<void> {
  await page.waitForLoadState('networkidle');
  expect([started.sockets, started.workers, started.posts, await databases(page)]).toEqual([[], [], [], []]);
  const code = (await Promise.all(started.code)).join();
  expect(code.length).toBeGreaterThan(10_000);
  expect(code).not.toMatch(TFJS);
}

const databases = (page: Page): Promise<string[]> =>
  page.evaluate(async () => (await indexedDB.databases()).map(({ name = '' }) => name).sort());

test('nothing starts by itself, and each press starts what it says and no more', async ({ page, context }) => {
  await fewSamples(context, 60);
  const started = watch(page);
  await page.goto(contributeUrl(server, 'consent'));
  await expectState(page, 'idle');
  await expectNothing(page, started);
  expect(started.scripts.filter((path) => /trainer|socket|client/.test(path))).toEqual([]);

  // An example of one's own: IndexedDB, and nothing else.
  await drawOne(page);
  await page.getByRole('button', { name: 'Label 1', exact: true }).click();
  await expect(page.getByRole('list', { name: 'Your examples, newest first' }).getByRole('listitem')).toHaveCount(1);
  expect(await databases(page)).toHaveLength(1);
  expect([started.sockets, started.workers, started.posts]).toEqual([[], [], []]);

  // Sample data: one GET.
  const before = started.gets.length;
  await page.getByRole('button', { name: 'Add sample data' }).click();
  await expect(page.getByText('61 examples').first()).toBeVisible();
  // The page looks for a new version now and then, as long as nobody has joined.
  const taken = started.gets.slice(before).filter((path) => path !== '/api/tasks/consent');
  expect(taken).toEqual(['/api/tasks/consent/samples']);
  expect([started.sockets, started.workers, started.posts]).toEqual([[], [], []]);

  // Try it: the model and a worker, no socket.
  await page.getByRole('button', { name: 'Try it', exact: true }).click();
  await expect.poll(() => started.workers.length).toBe(1);
  await expect(page.getByText('Draw to see what the model thinks.').first()).toBeVisible();
  expect(started.sockets).toEqual([]);

  // The dialog alone starts nothing; neither does "Not now".
  await page.getByRole('button', { name: 'Join training' }).click();
  await expect(page.getByRole('dialog', { name: 'Before you join' })).toBeVisible();
  // It is longer than a short window, and begins at its top.
  await page.setViewportSize({ width: 360, height: 400 });
  await page.getByRole('button', { name: 'Not now' }).click();
  await page.getByRole('button', { name: 'Join training' }).click();
  await expect(page.getByRole('heading', { name: 'Before you join' })).toBeInViewport({ ratio: 1 });
  await page.setViewportSize({ width: 1280, height: 720 });
  await page.getByRole('button', { name: 'Not now' }).click();
  await expect(page.getByRole('dialog')).toBeHidden();
  expect(started.sockets).toEqual([]);
  expect((await databases(page)).filter((name) => name.includes('identity'))).toEqual([]);

  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  expect(started.sockets).toHaveLength(1);
  expect(started.sockets[0]).toContain('/socket.io/?task=consent');
  expect((await databases(page)).filter((name) => name.includes('identity'))).toHaveLength(1);
});

test('the list of tasks and the dashboard start nothing either', async ({ page }) => {
  for (const [path, heading] of [
    ['/', 'Tasks'],
    ['/admin', 'Admin token'],
  ] as const) {
    const started = watch(page);
    await page.goto(`${server.url}${path}?lang=en`);
    await expect(page.getByRole('heading', { name: heading }).or(page.getByLabel(heading)).first()).toBeVisible();
    await expectNothing(page, started);
  }
});

test('leaving stops everything: promised within a second, held to three', async ({ page, context }) => {
  await fewSamples(context, 60);
  await page.goto(contributeUrl(server, 'consent'));
  await page.getByRole('button', { name: 'Add sample data' }).click();
  const opened = page.waitForEvent('websocket');
  await agreeAndJoin(page);
  const socket = await opened;
  await expectState(page, 'waiting');
  await page.getByRole('button', { name: 'Leave' }).click();
  await expectState(page, 'left', { timeout: 3_000 });
  await expect.poll(() => socket.isClosed(), { timeout: 3_000 }).toBe(true);
  await expect.poll(() => page.workers().length, { timeout: 3_000 }).toBe(0);
  await startRounds(server, 'consent', 1);
  await expectState(page, 'left');
  await server.adminJson('/api/tasks/consent/stop', { method: 'POST' });
});

test('deleting removes the secret, the examples and the client at the server, and says what cannot be undone', async ({
  page,
  context,
}) => {
  await fewSamples(context, 60);
  await page.goto(contributeUrl(server, 'consent'));
  await page.getByRole('button', { name: 'Add sample data' }).click();
  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await page.getByRole('button', { name: 'Delete my data' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(/cannot be taken out/i);
  await dialog.getByRole('button', { name: /delete/i }).click();
  await expect.poll(() => databases(page)).toEqual([]);
  await expectState(page, /idle|left|needs-data/);
  await expect(async () => {
    const task = await server.adminJson<{ online: number }>('/api/tasks/consent');
    expect(task.online).toBe(0);
  }).toPass({ timeout: 5_000 });
});
