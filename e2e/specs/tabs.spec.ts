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
  server = await startServer({ isBuilt: true });
});
test.afterAll(() => server.dispose());

/** Work that takes a while on any machine, in many short steps: a part can be watched and cut off. */
const slowWork = { client: { epochs: 25, batchSize: 1 } };

const sampled = async (context: BrowserContext): Promise<Page> => {
  await fewSamples(context, 60);
  return context.newPage();
};

test('two tabs of one profile: the second trains nothing, and takes over within two seconds when the first closes', async ({
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
  await expectState(second, 'waiting', { timeout: 6_000 }); // the promise is 2 s; a test allows three times that
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

for (const when of ['waiting', 'training', 'accepted'] as const) {
  test(`a tab closed while ${when}: the round ends and the other contributor’s work counts`, async ({ browser }) => {
    const id = `closed-${when}`;
    // The one that stays is quick to report; the one that closes is held at work by the long plan where it must be seen training.
    await createTask(server, id, {
      ...(when === 'training' ? slowWork : {}),
      rounds: { goal: 2, minimum: 1, selectionDeadlineMs: 4_000 },
    });
    const contexts = await Promise.all([browser.newContext(), browser.newContext()]);
    const [closing, staying] = await Promise.all(contexts.map(sampled));
    if (closing === undefined || staying === undefined) throw new Error('no pages');
    await Promise.all([closing, staying].map((page) => contribute(page, server, id)));
    if (when === 'waiting') await closing.close();
    await startRounds(server, id, 1);
    if (when !== 'waiting') {
      await expectState(closing, when, { timeout: 45_000 });
      await closing.close();
    }
    const rounds = await expectRounds(server, id, (all) => all.some(({ outcome }) => outcome === 'committed'));
    const committed = rounds.find(({ outcome }) => outcome === 'committed');
    expect(committed?.accepted).toBe(when === 'accepted' ? 2 : 1);
    expect(committed?.dropped).toBe(when === 'training' ? 1 : 0);
    await Promise.all(contexts.map((context) => context.close()));
  });
}

test('a tab closed in mid-upload: what came is dropped with the round, and the round ends', async ({ browser }) => {
  // 4 MB in 16 chunks, on a slow line.
  await createTask(server, 'closed-uploading', {
    model: {
      topology: {
        input: [28, 28, 1],
        layers: [
          { class_name: 'Flatten', config: { name: 'flatten' } },
          { class_name: 'Dense', config: { name: 'wide', units: 1_200, activation: 'relu' } },
          { class_name: 'Dense', config: { name: 'output', units: 10, activation: 'softmax' } },
        ],
      },
    },
    client: { epochs: null, maxSteps: 1 },
    rounds: { goal: 1, minimum: 1 },
  });
  const context = await browser.newContext();
  const page = await sampled(context);
  await contribute(page, server, 'closed-uploading');
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await startRounds(server, 'closed-uploading', 1);
  await expectState(page, /training|uploading/);
  await cdp.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 50,
    downloadThroughput: -1,
    uploadThroughput: 200_000,
  });
  await expectState(page, /uploading|accepted/);
  await page.close();
  await context.close();
  const rounds = await expectRounds(server, 'closed-uploading', (all) => all.some(({ outcome }) => outcome !== null));
  const [round] = rounds;
  expect((round?.accepted ?? 0) + (round?.dropped ?? 0)).toBe(round?.selected);
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
