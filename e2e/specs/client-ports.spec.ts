import { fileURLToPath } from 'node:url';
import { type BrowserContext, expect, type Page, test } from 'playwright/test';
import { rolldown } from 'rolldown';
import type { TaskId } from '../../shared/ids.ts';
import type * as Secrets from '../../web/client/secret-store.ts';
import type * as Locks from '../../web/client/tab-lock.ts';

// The engine's ports of the browser, in pages and workers of a real one. `localhost` is a secure context, the other
// host is plain http: no Web Locks there.

const SECURE = 'http://localhost';
const PLAIN = 'http://learn.school.test';
const task = 'digits' as TaskId;

type Ports = typeof Secrets & typeof Locks;
declare global {
  var ports: Ports;
  var held: boolean[];
  var release: () => void;
}

let code: string;
test.beforeAll(async () => {
  const folder = fileURLToPath(new URL('../../web/client/', import.meta.url));
  const entry = `export * from '${folder}secret-store.ts'; export * from '${folder}tab-lock.ts';`;
  const bundle = await rolldown({
    input: 'entry',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? id : null),
        load: (id) => (id === 'entry' ? { code: entry, moduleType: 'ts' } : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'es' });
  code = output[0].code;
});

/** A page of that origin with the ports in `globalThis.ports`. */
async function open(context: BrowserContext, origin: string): Promise<Page> {
  await context.route(`${origin}/**`, (route) =>
    route.request().url().endsWith('.js')
      ? route.fulfill({ contentType: 'text/javascript', body: code })
      : route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>ports</title>' }),
  );
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  await page.evaluate(async () => {
    const path = '/ports.js';
    globalThis.ports = await import(path);
  });
  return page;
}

const databases = (page: Page): Promise<string[]> =>
  page.evaluate(async () => (await indexedDB.databases()).map(({ name = '' }) => name));

test.describe('the secret store', () => {
  test('makes no database before the first secret, and leaves none after the last', async ({ context }) => {
    const page = await open(context, SECURE);
    expect(await page.evaluate((id) => ports.indexedDbSecrets.load(id), task)).toBeNull();
    await page.evaluate((id) => ports.indexedDbSecrets.remove(id), task);
    expect(await databases(page)).toEqual([]);
    await page.evaluate((id) => ports.indexedDbSecrets.save(id, 'first'), task);
    await page.evaluate((id) => ports.indexedDbSecrets.save(id as never, 'second'), 'other');
    expect(await databases(page)).toEqual(['fedtab-identity']);
    expect(await page.evaluate((id) => ports.indexedDbSecrets.load(id), task)).toBe('first');
    await page.evaluate((id) => ports.indexedDbSecrets.remove(id), task);
    expect(await page.evaluate((id) => ports.indexedDbSecrets.load(id), task)).toBeNull();
    expect(await databases(page)).toEqual(['fedtab-identity']);
    await page.evaluate((id) => ports.indexedDbSecrets.remove(id as never), 'other');
    expect(await databases(page)).toEqual([]);
  });

  for (const origin of [SECURE, PLAIN]) {
    test(`keeps a secret over a reload, and shares it with a worker: ${origin}`, async ({ context }) => {
      const page = await open(context, origin);
      await page.evaluate((id) => ports.indexedDbSecrets.save(id, 'kept'), task);
      await page.close();
      const again = await open(context, origin);
      const inWorker = await again.evaluate((id) => {
        const source = `import { indexedDbSecrets } from '${location.origin}/ports.js';
          indexedDbSecrets.load('${id}').then((secret) => postMessage(secret));`;
        const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), {
          type: 'module',
        });
        return new Promise((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
        });
      }, task);
      expect(inWorker).toBe('kept');
    });
  }
});

/** Asks for the lock in that page; `globalThis.held` collects what it is told. */
const request = (page: Page): Promise<void> =>
  page.evaluate((id) => {
    globalThis.held = [];
    globalThis.release = ports.browserTabLock.request(id, (isHeld) => void held.push(isHeld));
  }, task);
const isHolder = (page: Page): Promise<boolean> => page.evaluate(() => held.at(-1) === true);
const holders = async (pages: readonly Page[]): Promise<number> =>
  (await Promise.all(pages.map(isHolder))).filter(Boolean).length;

for (const [origin, kind] of [
  [SECURE, 'Web Locks'],
  [PLAIN, 'BroadcastChannel'],
] as const) {
  test.describe(`C2: the lock of a profile by ${kind}`, () => {
    test('is what this origin has', async ({ context }) => {
      const page = await open(context, origin);
      expect(await page.evaluate(() => navigator.locks !== undefined)).toBe(origin === SECURE);
    });

    test('one tab of several has it, and says so to the others', async ({ context }) => {
      const pages = await Promise.all([1, 2, 3].map(() => open(context, origin)));
      await Promise.all(pages.map(request));
      await expect.poll(() => holders(pages)).toBe(1);
      await expect
        .poll(() => Promise.all(pages.map((page) => page.evaluate(() => held.length > 0))))
        .toEqual([true, true, true]);
      const late = await open(context, origin);
      await request(late);
      await expect.poll(() => late.evaluate(() => held)).toEqual([false]);
      expect(await holders([...pages, late])).toBe(1);
    });

    test('another takes over within two seconds when the holder closes or lets go', async ({ context }) => {
      const [first, second, third] = (await Promise.all([1, 2, 3].map(() => open(context, origin)))) as [
        Page,
        Page,
        Page,
      ];
      await request(first);
      await expect.poll(() => isHolder(first)).toBe(true);
      await Promise.all([second, third].map(request));
      const closedMs = Date.now();
      await first.close();
      await expect.poll(() => holders([second, third]), { intervals: [50] }).toBe(1);
      // Three times what is promised, on a busy machine.
      expect(Date.now() - closedMs).toBeLessThan(6_000);
      const [holder, other] = (await isHolder(second)) ? [second, third] : [third, second];
      await holder.evaluate(() => release());
      await expect.poll(() => isHolder(other), { intervals: [50] }).toBe(true);
      expect(await holder.evaluate(() => held.at(-1))).toBe(true);
    });
  });
}
