import { expect, type Page, test } from 'playwright/test';
import {
  addSamples,
  agreeAndJoin,
  contribute,
  contributeUrl,
  createTask,
  expectRounds,
  expectState,
  fewSamples,
  startRounds,
  state,
} from '../fixtures/contribute.ts';
import { losing } from '../fixtures/losing-worker.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

test.describe.configure({ mode: 'default' });
let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.dispose());
test.beforeEach(({ context }) => fewSamples(context, 60));

/** Binary frames that the page sends: a report is one at least. */
function watchReports(page: Page): { count: number } {
  const reports = { count: 0 };
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      if (typeof payload !== 'string') reports.count++;
    }),
  );
  return reports;
}

const choiceOf = (page: Page, name: string) => page.getByRole('radio', { name: new RegExp(`^${name}`) });

test('the probe decides, the page shows what it found, the person may choose another, and deleting takes it all', {
  tag: '@long',
}, async ({ page }) => {
  await createTask(server, 'choice');
  await contribute(page, server, 'choice', 'lang=en');
  // The probe compiles its shaders by software here.
  await expectState(page, 'waiting', { timeout: 40_000 });
  const used = (await state(page).getAttribute('data-backend')) ?? '';
  expect(['webgl', 'wasm', 'cpu', 'webgpu']).toContain(used);
  await page.getByText('What trains on this device').click();
  await expect(choiceOf(page, 'Fastest')).toBeChecked();
  await expect(page.getByRole('radio', { name: /ms a step · in use$/ })).toHaveCount(1);

  const other = used === 'cpu' ? 'WebAssembly' : 'plain CPU';
  await choiceOf(page, other).check();
  await expect(state(page)).toHaveAttribute('data-backend', used === 'cpu' ? 'wasm' : 'cpu');
  await expect(choiceOf(page, other)).toHaveAccessibleName(/in use$/);
  expect(page.url()).toContain(`backend=${used === 'cpu' ? 'wasm' : 'cpu'}`);
  await expectState(page, 'waiting');
  await startRounds(server, 'choice', 1);
  await expectRounds(server, 'choice', ([round]) => round?.outcome === 'committed' && round.accepted === 1);

  const kept = (): Promise<string[]> => page.evaluate(() => Object.keys(localStorage));
  expect(await kept()).toContain('fedtab-probe-choice');
  await page.getByRole('button', { name: 'Delete my data' }).click();
  await page.getByRole('button', { name: 'Delete everything' }).click();
  await expect(page.getByText('Deleted, here and on the server.')).toBeVisible();
  expect((await kept()).filter((key) => key.endsWith('choice'))).toEqual([]);
});

test('a loss that explodes stops the training, is told with its reason, and nothing is sent', async ({ page }) => {
  const client = { learningRate: 100, epochs: 3, batchSize: 10 };
  await createTask(server, 'explodes', { client });
  const reports = watchReports(page);
  await contribute(page, server, 'explodes');
  await expectState(page, 'waiting');
  await startRounds(server, 'explodes', 1);
  await expect(state(page)).toHaveAttribute('data-reason', 'exploded');
  await expect(page.getByText(/The error grew a hundredfold in training, so nothing was sent/).first()).toBeVisible();
  expect(reports.count).toBe(0);
  const [round] = await expectRounds(server, 'explodes', (rounds) => rounds.length > 0);
  expect(round).toMatchObject({ accepted: 0, rejected: {} });
});

test('graphics lost in mid-training: trained anew on a new context, sent once, counted, and said', {
  tag: '@long',
}, async ({ page, context }) => {
  test.slow();
  await createTask(server, 'lost');
  let workers = 0;
  await context.route('**/trainer.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${losing(++workers === 1 ? 40 : 0)}\n${await response.text()}` });
  });
  const reports = watchReports(page);
  await page.goto(contributeUrl(server, 'lost', 'backend=webgl&lang=en'));
  await addSamples(page);
  await agreeAndJoin(page);
  // Two workers each compile their programs in software.
  await expectState(page, 'waiting', { timeout: 60_000 });
  await startRounds(server, 'lost', 1);
  const [round] = await expectRounds(server, 'lost', ([first]) => first?.outcome !== null && first !== undefined);
  expect(round).toMatchObject({ outcome: 'committed', accepted: 1, rejected: {}, dropped: 0 });
  expect(workers).toBe(2);
  expect(reports.count).toBe(1);
  await expect(state(page)).toHaveAttribute('data-backend', 'webgl');
  await expect(page.getByText('The graphics driver stopped once.').first()).toBeVisible();
});
