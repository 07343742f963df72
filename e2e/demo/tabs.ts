import type { Browser, BrowserContext, Page } from 'playwright';
import { formOf } from '../../shared/task/kinds/index.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { decodeSamples, type SampleShard } from '../../shared/wire/samples.ts';
import type { DemoOptions } from './options.ts';

/** One contributor: a real tab in its own browser context, so with its own IndexedDB. */
export interface Contributor {
  readonly page: Page;
  readonly context: BrowserContext;
  /** The sample examples that this tab was given. */
  readonly samples: SampleShard;
}

/** Opens the page as a person would: add sample data, join, agree. Resolves when the tab waits for a round. */
export async function openContributor(
  browser: Browser,
  url: string,
  options: Pick<DemoOptions, 'task' | 'backend' | 'examples'>,
): Promise<Contributor> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route('**/samples?count=*', (route) =>
    route.continue({
      url: route
        .request()
        .url()
        .replace(/count=\d+/, `count=${options.examples}`),
    }),
  );
  await page.goto(`${url}/contribute/${options.task}?backend=${options.backend}&lang=en`);
  const answer = page.waitForResponse((response) => response.url().includes('/samples?'));
  await page.getByRole('button', { name: 'Add sample data' }).click();
  const decoded = decodeSamples(new Uint8Array(await (await answer).body()), formOf(TEMPLATES[options.task].data));
  if (!decoded.ok) throw new Error(`the server sent sample data that cannot be read: ${decoded.problem}`);
  await page.getByRole('button', { name: 'Join training' }).click();
  await page.getByRole('button', { name: 'Agree and join' }).click();
  await page.locator('main[data-state="waiting"]').waitFor({ timeout: 120_000 });
  return { page, context, samples: decoded.shard };
}

/** What the tab says that it trains on. */
export async function backendOf(page: Page): Promise<{ backend: string; reason: string | null }> {
  const main = page.locator('main');
  return {
    backend: (await main.getAttribute('data-backend')) ?? 'unknown',
    reason: await main.getAttribute('data-backend-reason'),
  };
}
