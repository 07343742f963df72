import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from 'playwright/test';
import { accessibilityProblems } from '../fixtures/accessibility.ts';
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
import { beeps, silence, writeTelephoneWav, writeWav } from '../fixtures/sound.ts';

// Chromium's fake microphone plays a file, again and again: a tone of 1,000 Hz for half of every second.
const folder = mkdtempSync(join(tmpdir(), 'fedtab-sounds-'));
const heard = writeWav(join(folder, 'heard.wav'), 4, beeps(1_000));
test.use({
  launchOptions: wholeChromium('--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${heard}`),
});
test.describe.configure({ mode: 'default' });

let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
  await createTask(server, 'words', {
    template: 'keywords',
    title: 'Spoken words',
    model: { seed: 1 },
    // Nothing is scored: the spec needs no espeak-ng.
    data: { sample: null },
  });
});
test.afterAll(() => server.dispose());

const list = (page: Page) => page.getByRole('list', { name: 'Your examples, newest first' }).getByRole('listitem');
const dialog = (page: Page) => page.getByRole('dialog', { name: 'Microphone' });
const databases = (page: Page): Promise<number> => page.evaluate(async () => (await indexedDB.databases()).length);

/** Counts the tracks that were handed out, and those that still run. */
async function watchMicrophone(page: Page): Promise<void> {
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

/** The row of a canvas, from above, in which most of it is drawn: which tone is heard. */
const loudestRow = (page: Page, selector: string): Promise<number> =>
  page
    .locator(selector)
    .first()
    .evaluate((canvas: HTMLCanvasElement) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext('2d')?.getImageData(0, 0, width, height) ?? { data: [] };
      const rows = Array.from({ length: height }, (_, row) =>
        Array.from({ length: width }, (_, x) => data[4 * (row * width + x) + 3] ?? 0).reduce((a, b) => a + b, 0),
      );
      return Math.max(...rows) === 0 ? -1 : rows.indexOf(Math.max(...rows));
    });
/** 1,000 Hz is in band 10 of 32, and the lowest is at the bottom. */
const ROW_OF_1000_HZ = 21;

test('each press listens once, what is seen is what was played, and a round trains on it', { tag: '@long' }, async ({
  page,
  context,
}) => {
  await context.grantPermissions(['microphone']);
  await watchMicrophone(page);
  await page.goto(contributeUrl(server, 'words'));
  await page.getByRole('button', { name: 'Microphone' }).first().click();
  await expect(dialog(page).getByText('The microphone is on.')).toBeVisible();
  expect(await tracksOf(page)).toEqual(['live']);
  await expect.poll(() => loudestRow(page, 'canvas.sound-view')).toBe(ROW_OF_1000_HZ);
  // Nothing is recorded before the press.
  expect(await databases(page)).toBe(0);
  expect(await accessibilityProblems(page)).toEqual([]);
  await dialog(page).getByRole('button', { name: 'Label yes', exact: true }).click();
  await expect(dialog(page).getByText('Listening. Say yes now.')).toBeVisible();
  await expect(dialog(page).getByText('What the model sees of the last one')).toBeVisible();
  expect(await loudestRow(page, 'dialog canvas.spectrogram')).toBe(ROW_OF_1000_HZ);
  await expect(list(page)).toHaveCount(1);
  await page.getByRole('button', { name: 'Close the microphone' }).click();
  await expect.poll(() => tracksOf(page)).toEqual(['ended']);
  await expect(page.getByRole('button', { name: 'Remove this yes' })).toBeAttached();

  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await startRounds(server, 'words', 1);
  const [round] = await expectRounds(server, 'words', (rounds) => rounds[0]?.outcome === 'committed');
  expect(round).toMatchObject({ accepted: 1, dropped: 0 });

  // Step 3 listens through the same microphone, and it is off as soon as something was heard.
  await page.getByRole('button', { name: 'Try it', exact: true }).click();
  const microphones = page.getByRole('button', { name: 'Microphone' });
  await expect(microphones).toHaveCount(2);
  await microphones.last().click();
  await page.getByRole('button', { name: 'Listen' }).click();
  await expect(page.getByText(/^This (sounds like|might be) /)).toBeVisible();
  await expect.poll(() => tracksOf(page)).toEqual(['ended', 'ended']);
});

test('a microphone that is refused, or taken away while it is on, is said, and nothing is half kept', {
  tag: '@long',
}, async ({ page, context }) => {
  await context.clearPermissions();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Browser.setPermission', {
    permission: { name: 'microphone' },
    setting: 'denied',
    origin: server.url,
  });
  await watchMicrophone(page);
  await page.goto(contributeUrl(server, 'words'));
  await page.getByRole('button', { name: 'Microphone' }).first().click();
  await expect(dialog(page).getByRole('alert')).toContainText('does not let this page use the microphone');
  await expect(dialog(page).getByRole('button', { name: 'Label yes' })).toHaveCount(0);
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toHaveCount(0);

  await context.grantPermissions(['microphone']);
  await page.getByRole('button', { name: 'Microphone' }).first().click();
  await dialog(page).getByRole('button', { name: 'Label yes', exact: true }).click();
  await expect(dialog(page).getByText('Listening. Say yes now.')).toBeVisible();
  await page.evaluate(() => {
    const [track] = (globalThis as unknown as { tracks: MediaStreamTrack[] }).tracks;
    track?.stop();
    track?.dispatchEvent(new Event('ended'));
  });
  await expect(dialog(page).getByRole('alert')).toContainText('The microphone is off');
  await page.getByRole('button', { name: 'Close the microphone' }).click();
  expect(await databases(page)).toBe(0);
});

test('files become examples; what is silent, too short, too long or no sound is refused by name', async ({ page }) => {
  const path = (name: string): string => test.info().outputPath(name);
  const choose = (...paths: readonly string[]) => page.getByLabel('Sound files').setInputFiles([...paths]);
  const text = path('poem.wav');
  writeFileSync(text, 'No sound at all.');
  await page.goto(contributeUrl(server, 'words'));
  await choose(
    writeWav(path('hush.wav'), 1, silence),
    writeWav(path('click.wav'), 0.05, beeps(1_000)),
    writeWav(path('speech.wav'), 61, silence),
    text,
  );
  await expect(page.getByText('hush.wav: there is nothing to hear in it.')).toBeVisible();
  await expect(page.getByText('click.wav: too short to hear a word.')).toBeVisible();
  await expect(page.getByText('speech.wav: longer than a minute.')).toBeVisible();
  await expect(page.getByText('poem.wav: no sound that this browser can read.')).toBeVisible();
  expect(await databases(page)).toBe(0);

  await choose(
    writeWav(path('stop.wav'), 0.6, beeps(400)),
    writeWav(path('something.wav'), 3, beeps(2_000)),
    // Not read here but by the browser.
    writeTelephoneWav(path('up.wav')),
  );
  const ask = page.getByRole('dialog', { name: 'What do they say?' });
  // The file's name says which word it is; the other one is asked for.
  await expect(ask.getByLabel('What stop.wav says')).toHaveValue('6');
  await expect(ask.getByLabel('What up.wav says')).toHaveValue('2');
  await expect(ask.getByRole('button', { name: 'Add', exact: true })).toBeDisabled();
  await ask.getByLabel('What something.wav says').selectOption('go');
  await ask.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(list(page)).toHaveCount(3);
  await expect(list(page).first()).toContainText('up');
  await expect(list(page).nth(1)).toContainText('go');
  await expect(list(page).last()).toContainText('stop');
});
