import { expect, type Page, test } from 'playwright/test';
import { wholeChromium } from '../fixtures/browser.ts';
import {
  agreeAndJoin,
  contributeUrl,
  createTask,
  expectRounds,
  expectState,
  startRounds,
} from '../fixtures/contribute.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

// Chromium's fake camera: a green field with a clock and a moving pie.
test.use({ launchOptions: wholeChromium('--use-fake-device-for-media-stream') });
test.describe.configure({ mode: 'default' });

let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
  await createTask(server, 'wear', {
    template: 'fashion',
    title: 'Things to wear',
    // Nothing is scored: the spec needs no data set.
    data: { sample: null },
  });
});
test.afterAll(() => server.dispose());

const list = (page: Page) => page.getByRole('list', { name: 'Your examples, newest first' }).getByRole('listitem');
const dialog = (page: Page) => page.getByRole('dialog', { name: 'Camera' });

/** Counts the tracks that were handed out, and those that still run. */
async function watchCamera(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const tracks: MediaStreamTrack[] = [];
    Object.assign(globalThis, { tracks });
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      tracks.push(...stream.getTracks());
      return stream;
    };
  });
}
const tracksOf = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    (globalThis as unknown as { tracks: MediaStreamTrack[] }).tracks.map((track) => track.readyState),
  );

test('a press takes one picture, the light goes off, and a round trains on what was taken', { tag: '@long' }, async ({
  page,
  context,
}) => {
  await context.grantPermissions(['camera']);
  await watchCamera(page);
  await page.goto(contributeUrl(server, 'wear'));
  expect(await tracksOf(page)).toEqual([]);
  await page.getByRole('button', { name: 'Camera' }).first().click();
  await expect(page.getByText('The camera is on.')).toBeAttached();
  expect(await tracksOf(page)).toEqual(['live']);
  // Nothing is recorded before the press.
  expect(await page.evaluate(async () => (await indexedDB.databases()).length)).toBe(0);
  await dialog(page).getByRole('button', { name: 'Label Bag', exact: true }).click();
  await expect(page.getByText('What the model sees of the last one')).toBeVisible();
  const inked = await dialog(page)
    .locator('canvas')
    .evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext('2d')?.getImageData(0, 0, 28, 28) ?? { data: [] };
      return [...data].filter((value, at) => at % 4 === 3 && value > 128).length;
    });
  // The pie is there, and the field around it is background.
  expect(inked).toBeGreaterThan(5);
  expect(inked).toBeLessThan(400);
  await dialog(page).getByRole('button', { name: 'Label Shirt', exact: true }).click();
  await expect(list(page)).toHaveCount(2);
  await page.getByRole('button', { name: 'Close the camera' }).click();
  await expect.poll(() => tracksOf(page)).toEqual(['ended']);
  await expect(page.getByRole('button', { name: 'Remove this Shirt' })).toBeAttached();

  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await startRounds(server, 'wear', 1);
  const [round] = await expectRounds(server, 'wear', (rounds) => rounds[0]?.outcome === 'committed');
  expect(round).toMatchObject({ accepted: 1, dropped: 0 });

  // Step 3 looks through the same camera, and it is off as soon as the picture is taken.
  await page.getByRole('button', { name: 'Try it', exact: true }).click();
  const cameras = page.getByRole('button', { name: 'Camera' });
  await expect(cameras).toHaveCount(2);
  await cameras.last().click();
  await page.getByRole('button', { name: 'Take picture' }).click();
  await expect(page.getByText(/^This (looks like|might be) /)).toBeVisible();
  await expect.poll(() => tracksOf(page)).toEqual(['ended', 'ended']);
});

test('a camera that is refused is said, with what to do, and nothing is kept', async ({ page, context }) => {
  await context.clearPermissions();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Browser.setPermission', {
    permission: { name: 'camera' },
    setting: 'denied',
    origin: server.url,
  });
  await page.goto(contributeUrl(server, 'wear'));
  await page.getByRole('button', { name: 'Camera' }).first().click();
  await expect(dialog(page).getByRole('alert')).toContainText('does not let this page use the camera');
  await expect(dialog(page).getByRole('button', { name: 'Label Bag' })).toHaveCount(0);
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toHaveCount(0);
  expect(await page.evaluate(async () => (await indexedDB.databases()).length)).toBe(0);
});

test('a camera that is taken away while it is on is said, and what was kept stays', { tag: '@long' }, async ({
  page,
  context,
}) => {
  await context.grantPermissions(['camera']);
  await watchCamera(page);
  await page.goto(contributeUrl(server, 'wear'));
  await page.getByRole('button', { name: 'Camera' }).first().click();
  await dialog(page).getByRole('button', { name: 'Label Bag', exact: true }).click();
  await expect(list(page)).toHaveCount(1);
  await page.evaluate(() => {
    const [track] = (globalThis as unknown as { tracks: MediaStreamTrack[] }).tracks;
    track?.stop();
    track?.dispatchEvent(new Event('ended'));
  });
  await expect(dialog(page).getByRole('alert')).toContainText('The camera is off');
  await page.getByRole('button', { name: 'Close the camera' }).click();
  await expect(list(page)).toHaveCount(1);
});
