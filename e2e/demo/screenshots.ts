import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright';
import { createServer } from 'vite';
import { ensureChromium, launchOptions } from '../fixtures/browser.ts';
import { agreeAndJoin, contributeUrl, drawOne, fewSamples, startRounds } from '../fixtures/contribute.ts';
import { startHostSite } from '../fixtures/host-site.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

/**
 * `npm run screenshots -- [FOLDER] [STORY …]`: every page of a real run, and the contributor's page in every state (or in
 * the named ones), phone and desktop, light and dark. `contribute.png` and `admin.png` are the README's pictures.
 */
const [folder = 'test-results/pictures', ...stories] = process.argv.slice(2);
const DESKTOP = { width: 1280, height: 1100 };
const PHONE = { width: 360, height: 780 };
const TASK = 'digits';
const TABS = ['overview', 'rounds', 'contributors', 'model', 'settings'];

async function shoot(page: Page, name: string): Promise<void> {
  const isDialog = (await page.locator('dialog[open]').count()) > 0;
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const [kind, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
      await page.setViewportSize(viewport);
      await page.screenshot({ path: join(folder, `${name}-${kind}-${colorScheme}.png`), fullPage: !isDialog });
    }
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: null });
  await page.setViewportSize(DESKTOP);
}

const newPage = async (browser: Browser): Promise<Page> => {
  const context = await browser.newContext({ locale: 'en-US', viewport: DESKTOP });
  await fewSamples(context, 120);
  return context.newPage();
};

async function shootRun(browser: Browser, server: RunningServer): Promise<void> {
  const admin = await newPage(browser);
  await admin.goto(`${server.url}/admin`);
  await admin.getByLabel('Admin token').waitFor();
  await shoot(admin, 'admin-log-in');
  await admin.goto(server.adminLink);
  await admin.getByRole('button', { name: 'Start from a template' }).waitFor();
  await shoot(admin, 'admin-empty');
  await admin.goto(`${server.url}/admin?new`);
  await admin.getByRole('button', { name: 'Create task' }).waitFor();
  await shoot(admin, 'admin-new-task');

  await server.adminJson('/api/tasks', { body: { template: TASK, client: { epochs: 3 } } });
  await server.adminJson('/api/tasks', { body: { template: 'seed-dense', access: { joinToken: 'by-invitation' } } });
  const tasks = await newPage(browser);
  await tasks.goto(`${server.url}/`);
  await tasks.getByRole('main').getByRole('link').first().waitFor();
  await shoot(tasks, 'tasks');

  const pages = await Promise.all([0, 1, 2].map(() => newPage(browser)));
  for (const page of pages) {
    await page.goto(contributeUrl(server, TASK, 'backend=wasm&lang=en'));
    await page.getByRole('button', { name: 'Add sample data' }).click();
  }
  const [first] = pages;
  if (first === undefined) throw new Error('no page');
  await shoot(first, 'contribute-idle');
  await first.getByRole('button', { name: 'Join training' }).click();
  await shoot(first, 'contribute-consent');
  await first.getByRole('button', { name: 'Not now' }).click();
  await first.getByRole('button', { name: 'Delete my data' }).click();
  await shoot(first, 'contribute-erase');
  await first.getByRole('button', { name: 'Keep it' }).click();
  await Promise.all(pages.map(agreeAndJoin));
  await startRounds(server, TASK, 1_000);
  await first.locator('main[data-version="8"]').waitFor({ timeout: 240_000 });
  await first.getByRole('button', { name: 'Try it', exact: true }).click();
  await drawOne(first);
  await first.locator('main[data-state="training"]').waitFor({ timeout: 60_000 });
  await first.getByRole('button', { name: 'Pause' }).evaluate((button) => button.scrollIntoView({ block: 'center' }));
  await first.screenshot({ path: join(folder, 'contribute.png') });
  await admin.goto(`${server.url}/admin?task=${TASK}`);
  await admin.locator('main[data-connection="live"]').waitFor();
  await admin.getByRole('button', { name: 'Stop' }).waitFor();
  await admin.locator('figure canvas').nth(1).waitFor();
  await admin.screenshot({ path: join(folder, 'admin.png') });
  await shoot(first, 'contribute-running');
  for (const tab of TABS) {
    await admin.goto(`${server.url}/admin?task=${TASK}&tab=${tab}`);
    await admin.locator('main[data-connection="live"]').waitFor();
    await shoot(admin, `admin-${tab}`);
  }
  await admin.goto(`${server.url}/admin?webhook`);
  await admin.getByText('No address is set. Nothing is sent.').waitFor();
  await shoot(admin, 'admin-webhook');
}

/** On somebody else's page: the invitation, the explanation, the consent, and a task that waits for its round. */
async function shootEmbed(browser: Browser, server: RunningServer): Promise<void> {
  const site = await startHostSite();
  const access = { allowedOrigins: [site.origin] };
  await server.adminJson('/api/tasks', { body: { template: TASK, id: 'shop', model: { zoo: 'softmax' }, access } });
  const page = await newPage(browser);
  const script = `<script src="${server.url}/embed.js" data-task="shop" async></script>`;
  const head =
    '<style>:root { color-scheme: light dark } body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem }</style>';
  const html = `<h1>Garden tools</h1><p>Spades, rakes and seeds, since 1962.</p>${script}<p>Open from nine to six.</p>`;
  await page.goto(site.page({ head, html }));
  const element = page.locator('fedtab-contribute');
  await element.getByRole('button', { name: 'What is this?' }).waitFor();
  await shoot(page, 'embed-closed');
  await element.getByRole('button', { name: 'What is this?' }).click();
  await shoot(page, 'embed-about');
  await element.getByRole('button', { name: 'Join training' }).click();
  await element.getByRole('button', { name: 'Agree and join' }).and(page.locator(':enabled')).waitFor();
  await shoot(page, 'embed-consent');
  await element.getByRole('button', { name: 'Agree and join' }).click();
  await element.and(page.locator('[data-state="needs-data"]')).waitFor();
  await shoot(page, 'embed-needs-data');
  await element.getByRole('button', { name: 'Add sample data' }).click();
  await element.and(page.locator('[data-state="waiting"]')).waitFor();
  await shoot(page, 'embed-waiting');
  await site.close();
}

async function shootStories(browser: Browser): Promise<void> {
  const gallery = await createServer({ logLevel: 'error', server: { port: 0 } });
  await gallery.listen();
  const address = `${gallery.resolvedUrls?.local[0]}web/contribute/gallery/`;
  const page = await newPage(browser);
  await page.goto(address);
  await page.getByRole('link', { name: 'training' }).waitFor();
  const names = stories.length > 0 ? stories : await page.locator('main li').allInnerTexts();
  for (const name of names) {
    await page.goto(`${address}?story=${name}`);
    await page.locator('main').waitFor();
    await shoot(page, `story-${name}`);
  }
  await gallery.close();
}

const found = ensureChromium();
if (!found.ok) throw new Error(found.reason);
await mkdir(folder, { recursive: true });
const server = await startServer();
const browser = await chromium.launch(launchOptions(found.path));
try {
  if (stories.length === 0) {
    await shootRun(browser, server);
    await shootEmbed(browser, server);
  }
  await shootStories(browser);
} finally {
  await browser.close();
  await server.dispose();
}
