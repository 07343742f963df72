import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright';
import { ensureChromium, launchOptions } from '../fixtures/browser.ts';
import { agreeAndJoin, contributeUrl, drawOne, fewSamples, startRounds } from '../fixtures/contribute.ts';
import { startServer } from '../fixtures/server.ts';

/**
 * `node --import ./e2e/typescript.mjs e2e/demo/screenshots.ts FOLDER`: the contributor's page and the dashboard of a real
 * run, phone and desktop, light and dark. The README's pictures are made by it.
 */
const folder = process.argv[2] ?? 'docs/images';
const DESKTOP = { width: 1280, height: 1100 };
const PHONE = { width: 390, height: 844 };
const TASK = 'digits';

const found = ensureChromium();
if (!found.ok) throw new Error(found.reason);
await mkdir(folder, { recursive: true });
const server = await startServer({ isBuilt: true });
const browser = await chromium.launch(launchOptions(found.path));

async function shoot(page: Page, name: string, isWhole = false): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const [kind, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
      await page.setViewportSize(viewport);
      await page.screenshot({
        path: join(folder, `${name}-${kind}-${colorScheme}.png`),
        fullPage: isWhole || kind === 'phone',
      });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(DESKTOP);
}

try {
  await server.adminJson('/api/tasks', { body: { template: TASK, client: { epochs: 3 } } });
  const admin = await (await browser.newContext({ locale: 'en-US', viewport: DESKTOP })).newPage();
  await admin.goto(server.adminLink);
  await admin.getByRole('button', { name: 'New task' }).waitFor();
  await admin.goto(`${server.url}/admin?task=${TASK}`);
  const pages = await Promise.all(
    [0, 1, 2].map(async () => {
      const context = await browser.newContext({ locale: 'en-US', viewport: DESKTOP });
      await fewSamples(context, 120);
      const page = await context.newPage();
      await page.goto(contributeUrl(server, TASK, 'backend=wasm&lang=en'));
      await page.getByRole('button', { name: 'Add sample data' }).click();
      return page;
    }),
  );
  const [first] = pages;
  if (first === undefined) throw new Error('no page');
  await shoot(first, 'contribute-idle', true);
  await first.getByRole('button', { name: 'Join training' }).click();
  await shoot(first, 'contribute-consent');
  await first.getByRole('button', { name: 'Not now' }).click();
  await Promise.all(pages.map(agreeAndJoin));
  await startRounds(server, TASK, 1_000);
  await first.locator('main[data-version="8"]').waitFor({ timeout: 180_000 });
  await first.getByRole('button', { name: 'Try it', exact: true }).click();
  await drawOne(first);
  await first.locator('main[data-state="training"]').waitFor({ timeout: 60_000 });
  await first.getByRole('button', { name: 'Pause' }).evaluate((button) => button.scrollIntoView({ block: 'center' }));
  await first.screenshot({ path: join(folder, 'contribute.png') });
  await admin.screenshot({ path: join(folder, 'admin.png') });
  await shoot(first, 'contribute-running', true);
  await shoot(admin, 'admin-running', true);
} finally {
  await browser.close();
  await server.dispose();
}
