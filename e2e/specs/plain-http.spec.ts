import { chromium, expect, test } from 'playwright/test';
import { lightChromium } from '../fixtures/browser.ts';
import {
  agreeAndJoin,
  contribute,
  contributeUrl,
  createTask,
  expectState,
  fewSamples,
  startRounds,
} from '../fixtures/contribute.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
  await createTask(server, 'lan');
});
test.afterAll(() => server.dispose());

test('over plain http on a host name, as from a phone on the same network, and without WebGL, a tab trains, and one of two tabs at a time', async () => {
  const withoutWebgl = ['--disable-gpu', '--disable-software-rasterizer'];
  const browser = await chromium.launch(
    lightChromium('--host-resolver-rules=MAP laptop.test 127.0.0.1', ...withoutWebgl),
  );
  try {
    const context = await browser.newContext({ locale: 'en-US' });
    await fewSamples(context, 60);
    const lan = { ...server, url: `http://laptop.test:${server.port}` };
    const page = await context.newPage();
    await contribute(page, lan, 'lan', 'backend=webgl&lang=en');
    const why = 'WebGL is not available here; WebAssembly trains instead.';
    await expect(page.locator('main')).toHaveAttribute('data-backend', 'wasm');
    await expect(page.locator('main')).toHaveAttribute('data-backend-reason', why);
    await expect(page.getByText(`WebGL was asked for, WebAssembly is used. ${why}`).first()).toBeVisible();
    expect(await page.evaluate(() => [isSecureContext, 'locks' in navigator, crypto.subtle === undefined])).toEqual([
      false,
      false,
      true,
    ]);
    await expect(page.getByText(/over plain http/)).toBeVisible();
    await startRounds(server, 'lan', 1);
    await expectState(page, 'accepted');

    const second = await context.newPage();
    await second.goto(contributeUrl(lan, 'lan'));
    await agreeAndJoin(second);
    await expectState(second, 'other-tab');
    await page.close();
    await expectState(second, 'waiting', { timeout: 6_000 });
  } finally {
    await browser.close();
  }
});
