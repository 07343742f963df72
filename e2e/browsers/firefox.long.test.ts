import { launch } from 'puppeteer-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { contributeUrl, createTask, roundsOf, startRounds } from '../fixtures/contribute.ts';
import { ensureFirefox } from '../fixtures/firefox.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

// A smoke test in another engine than Chromium's, by WebDriver BiDi. docs/browsers.md says what else was tried.

// Firefox paints by the processor, which other tests use as well: nothing here is about time.
const WITHIN_MS = 150_000;
let server: RunningServer;
beforeAll(async () => {
  server = await startServer();
  await createTask(server, 'smoke');
});
afterAll(() => server.dispose());

it('Firefox: add examples, join, train, leave', async () => {
  const firefox = ensureFirefox();
  if (!firefox.ok) throw new Error(firefox.reason);
  const browser = await launch({ browser: 'firefox', executablePath: firefox.path, headless: true });
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    const state = (name: string) => page.waitForSelector(`main[data-state="${name}"]`, { timeout: WITHIN_MS });
    // By the keyboard: a pointer of Puppeteer's is lost for good where the page grows while it scrolls to the button.
    const press = async (name: string): Promise<void> => {
      const button = await page.waitForSelector(`aria/${name}[role="button"]`, { timeout: WITHIN_MS });
      await page.waitForFunction((element) => element?.matches(':enabled'), { timeout: WITHIN_MS }, button);
      await button?.focus();
      await page.keyboard.press('Enter');
    };

    await page.goto(contributeUrl(server, 'smoke', 'lang=en'));
    await press('Add sample data');
    await press('Join training');
    await press('Agree and join');
    await state('waiting');
    await startRounds(server, 'smoke', 1);
    await page.waitForSelector('main[data-version="1"]', { timeout: WITHIN_MS });
    expect(await page.$eval('main', ({ dataset }) => dataset['backend'])).toMatch(/^(webgl|wasm|cpu)$/);
    await press('Leave');
    await state('left');
    expect(await roundsOf(server, 'smoke')).toMatchObject([{ outcome: 'committed', accepted: 1 }]);
    expect(problems).toEqual([]);
  } finally {
    await browser.close();
  }
}, 400_000);
