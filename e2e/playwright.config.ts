import { defineConfig } from 'playwright/test';
import { ensureChromium, lightChromium } from './fixtures/browser.ts';
import { ensureBuilt } from './fixtures/built.ts';

const browser = ensureChromium();
if (!browser.ok) throw new Error(browser.reason);
// Read once more by each process that runs specs, which then finds both done.
ensureBuilt();

export default defineConfig({
  testDir: './specs',
  outputDir: '../test-results',
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    launchOptions: lightChromium(),
    locale: 'en-US',
    // A trace costs more than a third of the processor time; `--trace on` writes one.
    trace: 'off',
    screenshot: 'only-on-failure',
    contextOptions: { reducedMotion: 'reduce' },
  },
});
