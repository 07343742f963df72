import { expect, type Page, test } from 'playwright/test';
import {
  addSamples,
  agreeAndJoin,
  contribute,
  contributeUrl,
  createTask,
  expectState,
  fewSamples,
  startRounds,
  state,
} from '../fixtures/contribute.ts';
import { device, setDevice } from '../fixtures/device.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

test.describe.configure({ mode: 'default' });
let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.dispose());

const expectReason = (page: Page, reason: string) => expect(state(page)).toHaveAttribute('data-reason', reason);

test('it pauses on a low battery and on connections that save data or cost, says why, and goes on by itself', async ({
  page,
  context,
}) => {
  await createTask(server, 'device');
  await fewSamples(context, 60);
  await device(page);
  await contribute(page, server, 'device');
  await setDevice(page, 'battery', { level: 0.15, charging: false });
  await expectState(page, 'paused-battery');
  await expectReason(page, 'battery-low');
  await expect(page.getByText('Paused: the battery is low.').first()).toBeVisible();
  await setDevice(page, 'battery', { charging: true });
  await expectState(page, 'waiting');
  await setDevice(page, 'connection', { saveData: true });
  await expectState(page, 'paused-data');
  await expectReason(page, 'data-saver');
  await setDevice(page, 'connection', { saveData: false, type: 'cellular' });
  await expectReason(page, 'metered');
  // The person decides: it goes on all the same.
  await page.getByRole('button', { name: 'Resume' }).click();
  await expectState(page, 'waiting');
  await startRounds(server, 'device', 1);
  await expectState(page, 'accepted');
});

test('what the task asks for holds until the person chooses, and the choice is kept', { tag: '@long' }, async ({
  page,
  context,
}) => {
  await createTask(server, 'asks', { courtesy: { minimumBattery: 1 } });
  await fewSamples(context, 60);
  await device(page);
  await page.goto(contributeUrl(server, 'asks'));
  await addSamples(page);
  await setDevice(page, 'battery', { level: 0.9, charging: false });
  await agreeAndJoin(page);
  await expectState(page, 'paused-battery');
  await expectReason(page, 'on-battery');
  await page.getByText('When it may train').click();
  await page.getByLabel('On the battery').selectOption({ label: 'Train above 50 %' });
  await expectState(page, 'waiting');
  await page.reload();
  await page.getByText('When it may train').click();
  await expect(page.getByLabel('On the battery')).toHaveValue('0.5');
});

test('a day’s cap: today’s use is shown, training pauses when it is reached, and goes on with a larger one', {
  tag: '@long',
}, async ({ page, context }) => {
  await createTask(server, 'capped');
  await fewSamples(context, 60);
  await contribute(page, server, 'capped');
  await startRounds(server, 'capped', 1);
  await expectState(page, 'accepted');
  await page.getByText('When it may train').click();
  await expect(page.getByText(/^Today: .* of training, .*kB of data\./)).toBeVisible();
  await page.getByLabel('Data a day').fill('0');
  await expectState(page, 'paused-data');
  await expectReason(page, 'day-data');
  await page.getByLabel('Data a day').fill('500');
  await expectState(page, /waiting|accepted/);
  await page.getByLabel('Training a day').fill('0');
  await expectState(page, 'paused');
  await expectReason(page, 'day-time');
  await expect(page.getByText('the minutes that you give this task a day are used up').first()).toBeVisible();
  await page.getByLabel('Training a day').fill('');
  await expectState(page, /waiting|accepted/);
  await page.getByRole('button', { name: 'Delete my data' }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /delete/i })
    .click();
  await expectState(page, 'left');
  await expect
    .poll(() => page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('capped'))))
    .toEqual([]);
});
