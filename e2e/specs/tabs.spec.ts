import { type BrowserContext, expect, type Page, test } from 'playwright/test';
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
import { type RunningServer, startServer } from '../fixtures/server.ts';

test.describe.configure({ mode: 'default', timeout: 120_000 });
let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.dispose());

/** Work that takes a while on any machine, in many short steps: a part can be watched and cut off. */
const slowWork = { client: { epochs: 25, batchSize: 1 } };

const sampled = async (context: BrowserContext): Promise<Page> => {
  await fewSamples(context, 60);
  return context.newPage();
};

test('two tabs of one profile: the second trains nothing, and takes over when the first closes', async ({
  context,
}) => {
  await createTask(server, 'two-tabs');
  const first = await sampled(context);
  await contribute(first, server, 'two-tabs');
  const second = await context.newPage();
  await second.goto(contributeUrl(server, 'two-tabs'));
  await agreeAndJoin(second);
  await expectState(second, 'other-tab');
  await startRounds(server, 'two-tabs', 1);
  await expectState(first, 'accepted');
  await expectState(second, 'other-tab');
  await first.close();
  // Promised within two seconds, and held to six by the specs of the lock; here to what any state may take.
  await expectState(second, 'waiting');
  await startRounds(server, 'two-tabs', 1);
  const rounds = await expectRounds(
    server,
    'two-tabs',
    (all) => all.at(-1)?.number === 2 && all.at(-1)?.outcome === 'committed',
  );
  expect(rounds.map(({ accepted }) => accepted)).toEqual([1, 1]);
});

test('a reload in mid-round: the tab joins again and one report of it counts, not two', async ({ context }) => {
  await createTask(server, 'reload', slowWork);
  const page = await sampled(context);
  await contribute(page, server, 'reload');
  await startRounds(server, 'reload', 1);
  await expectState(page, 'training');
  await page.reload();
  await expectState(page, 'idle');
  await agreeAndJoin(page);
  await expectState(page, 'accepted', { timeout: 60_000 });
  const rounds = await expectRounds(server, 'reload', (all) => all.some(({ outcome }) => outcome === 'committed'));
  const counted = rounds.filter(({ outcome }) => outcome === 'committed');
  expect(counted.map(({ accepted }) => accepted)).toEqual([1]);
});

test('after a reload with the samples’ address blocked, training works without adding anything', async ({
  context,
}) => {
  await createTask(server, 'stored');
  const page = await sampled(context);
  await page.goto(contributeUrl(server, 'stored'));
  await addSamples(page);
  await context.unroute('**/samples?count=*');
  await context.route('**/samples*', (route) => route.abort());
  await page.reload();
  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await startRounds(server, 'stored', 1);
  await expectState(page, 'accepted');
});

test('pause ends the tab’s part and resume takes it up again', async ({ context }) => {
  await createTask(server, 'pausing', slowWork);
  const page = await sampled(context);
  await contribute(page, server, 'pausing');
  await startRounds(server, 'pausing', 1);
  await expectState(page, 'training');
  await page.getByRole('button', { name: 'Pause' }).click();
  await expectState(page, 'paused', { timeout: 3_000 });
  await page.getByRole('button', { name: 'Resume' }).click();
  await expectState(page, 'accepted', { timeout: 60_000 });
  expect(await state(page).getAttribute('data-version')).toMatch(/^\d+$/);
});
