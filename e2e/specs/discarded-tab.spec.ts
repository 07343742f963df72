import { expect, test } from 'playwright/test';
import type { TaskId } from '../../shared/ids.ts';
import { Contributors } from '../crash/contributors.ts';
import { Gate } from '../crash/one-hot.ts';
import {
  addSamples,
  agreeAndJoin,
  contributeUrl,
  createTask,
  expectRounds,
  expectState,
  startRounds,
} from '../fixtures/contribute.ts';
import { type DiscardingBrowser, startDiscardingBrowser } from '../fixtures/discards.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

let server: RunningServer;
let browser: DiscardingBrowser;
test.beforeAll(async () => {
  server = await startServer();
  browser = await startDiscardingBrowser();
});
test.afterAll(async () => {
  await browser.close();
  await server.dispose();
});

test('C2: a tab that Chromium discards in mid-training is dropped, its round goes on without it, and it comes back with its examples', async () => {
  const id = 'discarded';
  const rounds = { goal: 2, minimum: 1, selectionDeadlineMs: 2_000 };
  await createTask(server, id, { rounds, client: { epochs: 1_000, batchSize: 1 } });
  const reporting = new Gate();
  const other = new Contributors(server.url, id as TaskId, 1, reporting);
  await other.start();
  const page = await (await browser.hold()).newPage();
  await page.goto(contributeUrl(server, id));
  await addSamples(page);
  await agreeAndJoin(page);
  await expectState(page, 'waiting', { timeout: 30_000 });
  await startRounds(server, id, 1);
  await expectState(page, 'training');
  const stored = /^\d+ examples · \d+\skB/;
  const card = await page.getByText(stored).first().textContent();
  await browser.letGo();

  await browser.discard(`/contribute/${id}`);
  await other.until(() => other.roundOfAll() !== null, 'the other trains');
  reporting.open(other.roundOfAll() ?? 0, [0]);
  const [round] = await expectRounds(server, id, (all) => all.every(({ outcome }) => outcome !== null));
  expect(round).toMatchObject({ outcome: 'committed', accepted: 1, dropped: 1, late: 0, surplus: 0 });

  // Who looks at the tab again has it loaded anew.
  const back = (await browser.hold()).pages().find((one) => one.url().includes(`/contribute/${id}`));
  if (back === undefined) throw new Error('the discarded tab is gone');
  expect(await back.evaluate(() => (document as Document & { wasDiscarded?: boolean }).wasDiscarded)).toBe(true);
  await expect(back.getByText(stored).first()).toHaveText(card ?? 'nothing');
  await expectState(back, 'idle');
  await agreeAndJoin(back);
  await expectState(back, 'waiting', { timeout: 30_000 });
  await startRounds(server, id, 1);
  await expectState(back, 'training');
  await other.close();
});
