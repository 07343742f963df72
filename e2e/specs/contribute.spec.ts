import { expect, type Page, test } from 'playwright/test';
import { problemsInBothColours } from '../fixtures/accessibility.ts';
import {
  addSamples,
  agreeAndJoin,
  contributeUrl,
  createTask,
  drawOne,
  expectState,
  fewSamples,
  startRounds,
} from '../fixtures/contribute.ts';
import { png, pngOf } from '../fixtures/png.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { gateSockets, speaking } from '../fixtures/socket-gate.ts';

test.describe.configure({ mode: 'default' });
let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
  await createTask(server, 'paint');
});
test.afterAll(() => server.dispose());

type SeenFacts = Readonly<Record<string, readonly string[]>>;

/** From now on, all that stands among the numbers of "Train": under each name its texts, each once, as they came. */
async function watchFacts(page: Page): Promise<() => Promise<SeenFacts>> {
  const watched = await page.evaluateHandle(() => {
    const seen: Record<string, string[]> = {};
    const look = (): void => {
      for (const term of document.querySelectorAll('.train dl.facts dt')) {
        const name = term.textContent ?? '';
        const text = term.nextElementSibling?.textContent ?? '';
        const texts = seen[name] ?? [];
        if (!texts.includes(text)) seen[name] = [...texts, text];
      }
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    look();
    return seen;
  });
  return () => watched.jsonValue();
}

/** Three rounds of this contributor alone: 202 examples, 21 steps, 7,850 parameters. */
function expectProgress(seen: SeenFacts): void {
  const of = (name: string): readonly string[] => (seen[name] ?? []).filter((text) => text !== '–');
  const rounds = of('Round');
  expect([...new Set(rounds.map((text) => text.split(' · ')[0]))]).toEqual(['1', '2', '3']);
  expect(rounds).toContainEqual(expect.stringMatching(/^2 · ([1-9]|[1-5]\d|60)\ss left$/));
  const steps = of('Step');
  expect(steps).toEqual(expect.arrayContaining(['0 of 21', '21 of 21']));
  for (const step of steps) expect(step).toMatch(/^(1?\d|2[01]) of 21$/);
  const losses = of('Your loss');
  for (const loss of losses) expect(loss).toMatch(/^\d\.\d\d$/);
  // Ten classes, nothing learned: about ln 10 = 2.30.
  expect(Number(losses[0])).toBeGreaterThan(1.8);
  expect(Number(losses.at(-1))).toBeLessThan(1.2);
  const shares = of('On your examples').map((text) =>
    (/^(\d+\.\d) → (\d+\.\d)\s%$/.exec(text) ?? [text]).slice(1).map(Number),
  );
  expect(shares).toHaveLength(3);
  const [first = [], second = [], third = []] = shares;
  expect(first[0]).toBeLessThan(30);
  expect(third[1]).toBeGreaterThan(70);
  // Alone in the round, what it has after one it has before the next, but for one example on the edge.
  expect(Math.abs((second[0] ?? Number.NaN) - (first[1] ?? Number.NaN))).toBeLessThan(1);
  expect(Math.abs((third[0] ?? Number.NaN) - (second[1] ?? Number.NaN))).toBeLessThan(1);
  expect(of('Runs on')).toEqual(['WebGL']);
  expect(of('Training').at(-1)).toMatch(/^\d+(\.\d)?\ss a round$/);
  const kilobytes = (name: string): number => Number(/^(\d+)\skB$/.exec(of(name).at(-1) ?? '')?.[1]);
  // Three reports of 31,496 bytes, and no more than 4 kB a round beside them.
  expect(kilobytes('Sent')).toBeGreaterThanOrEqual(94);
  expect(kilobytes('Sent')).toBeLessThanOrEqual(107);
  // Three versions of 31,400 bytes, and a status a few times a second.
  expect(kilobytes('Received')).toBeGreaterThanOrEqual(94);
  expect(kilobytes('Received')).toBeLessThanOrEqual(130);
}

/** What the server scored, version by version, as the page writes it. */
async function scoresOf(server: RunningServer, task: string, version: number): Promise<readonly string[]> {
  let shares: readonly (number | undefined)[] = [];
  await expect(async () => {
    const checkpoints = await server.adminJson<{ metrics: { accuracy: number } | null }[]>(
      `/api/tasks/${task}/checkpoints`,
    );
    shares = checkpoints.map(({ metrics }) => metrics?.accuracy);
    expect(shares).toEqual(Array.from({ length: version + 1 }, () => expect.any(Number)));
  }).toPass({ timeout: 15_000, intervals: [100] });
  return shares.map((share) => `${((share ?? Number.NaN) * 100).toFixed(1)}\u00a0%`);
}

const list = (page: Page) => page.getByRole('list', { name: 'Your examples, newest first' }).getByRole('listitem');

test('own drawn digits and samples: draw, label, delete, join, train on WebGL, try it, receipts', async ({
  page,
  context,
}) => {
  const problems: string[] = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  await fewSamples(context, 200);
  await page.goto(contributeUrl(server, 'paint', 'backend=webgl&lang=en'));
  for (let count = 1; count <= 3; count++) {
    await drawOne(page);
    await page.getByRole('button', { name: 'Label 1', exact: true }).click();
    await expect(list(page)).toHaveCount(count);
  }
  await page.getByRole('button', { name: 'Remove this 1' }).first().click();
  await expect(list(page)).toHaveCount(2);
  await addSamples(page);
  await expect(page.getByText('202 examples').first()).toBeVisible();

  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  const seen = await watchFacts(page);
  await startRounds(server, 'paint', 3);
  await expect(page.locator('main')).toHaveAttribute('data-version', '3', { timeout: 45_000 });
  await expectState(page, /accepted|waiting/);
  await expect(page.locator('main')).toHaveAttribute('data-backend', 'webgl');
  expectProgress(await seen());
  const scores = await scoresOf(server, 'paint', 3);
  const chart = page.getByRole('figure').filter({ hasText: 'Accuracy of the shared model' });
  await expect(chart.locator('canvas')).toBeVisible();
  await chart.getByText('as a table').click();
  // A version that another followed before it was scored stays without.
  await expect(chart.getByRole('row')).toHaveText([
    'versionaccuracy',
    `0${scores[0]}`,
    new RegExp(`^1(${scores[1]}|–)$`),
    new RegExp(`^2(${scores[2]}|–)$`),
    `3${scores[3]}`,
  ]);
  const losses = page.getByRole('figure').filter({ hasText: 'Your loss in this round' });
  await expect(losses.locator('canvas')).toBeVisible();
  await losses.getByText('as a table').click();
  // After one step, after four more at most, and so on: three readings of 21 steps at least.
  await expect.poll(() => losses.getByRole('row').count()).toBeGreaterThanOrEqual(1 + 3);

  await page.getByRole('button', { name: 'Try it', exact: true }).click();
  await expect(page.getByText(/version 3/i).first()).toBeVisible();
  await drawOne(page, 'Pad for trying the model');
  await expect(page.getByText('This looks like 1.', { exact: true })).toBeVisible();
  const bars = page.getByRole('list', { name: 'How sure the model is of each' }).getByRole('listitem');
  await expect(bars).toHaveText(Array.from({ length: 10 }, (_, digit) => new RegExp(`^${digit}\\d+\\s%$`)));
  const shares = (await bars.allTextContents()).map((text) => Number.parseInt(text.slice(1), 10));
  expect(shares.indexOf(Math.max(...shares))).toBe(1);
  // Ten whole numbers, each rounded.
  expect(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 100)).toBeLessThanOrEqual(5);
  const facts = page.locator('.try-facts');
  await expect(facts.getByText(`${scores[0]} · version 0`)).toBeVisible();
  await expect(facts.getByText(`${scores[3]} · version 3`)).toBeVisible();
  await page.getByText('Receipts').first().click();
  await expect(page.getByRole('row').filter({ hasText: /counted/i })).toHaveCount(3);
  expect(problems).toEqual([]);
});

test('joining is not lost while samples are still on their way', async ({ page, context }) => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await context.route('**/samples?count=*', async (route) => {
    await released;
    await route.continue({
      url: route
        .request()
        .url()
        .replace(/count=\d+/, 'count=60'),
    });
  });
  await page.goto(contributeUrl(server, 'paint'));
  await page.getByRole('button', { name: 'Add sample data' }).click();
  await agreeAndJoin(page);
  await expectState(page, 'needs-data');
  release();
  await expectState(page, 'waiting');
});

test('a page older than the server is told so, and offers to reload', async ({ page }) => {
  await gateSockets(page, speaking(99));
  await page.goto(contributeUrl(server, 'paint'));
  await agreeAndJoin(page);
  await expectState(page, 'error');
  await expect(page.locator('main')).toHaveAttribute('data-reason', 'upgrade-required');
  await expect(page.getByText('This page is older than the server. Reload it to go on.').first()).toBeVisible();
  const reloaded = page.waitForEvent('load');
  await page.getByRole('button', { name: 'Reload the page' }).click();
  await reloaded;
  await expectState(page, 'idle');
});

test('a closed task takes whoever has the link: the token in its fragment opens socket, weights and history', async ({
  page,
  context,
}) => {
  await createTask(server, 'closed', { access: { joinToken: 'let me in please' } });
  await fewSamples(context, 60);
  await page.goto(contributeUrl(server, 'closed'));
  await addSamples(page);
  await agreeAndJoin(page);
  await expect(page.locator('main')).toHaveAttribute('data-reason', 'unauthorized');
  await page.goto('about:blank');
  await page.goto(`${contributeUrl(server, 'closed')}#join=let%20me%20in%20please`);
  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await startRounds(server, 'closed', 1);
  await expectState(page, 'accepted');
  await page.getByRole('button', { name: 'Try it', exact: true }).click();
  await expect(
    page.getByRole('img', { name: 'Pad for trying the model' }).or(page.getByLabel('Pad for trying the model')).first(),
  ).toBeVisible();
});

test('images are uploaded, labelled and stored; a file that is none is said', async ({ page }) => {
  await page.goto(contributeUrl(server, 'paint'));
  const files = [
    { name: 'one.png', mimeType: 'image/png', buffer: png(40, 40, (x) => (x > 16 && x < 24 ? 255 : 0)) },
    { name: 'broken.png', mimeType: 'image/png', buffer: Buffer.from('this is no picture') },
    { name: 'nothing.png', mimeType: 'image/png', buffer: Buffer.alloc(0) },
  ];
  await page.locator('input[type=file]').setInputFiles(files);
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox').first().selectOption({ label: '1' });
  await dialog.getByRole('button', { name: 'Add' }).click();
  await expect(list(page)).toHaveCount(1);
  await expect(page.getByText('2 of the files could not be read as images.').first()).toBeVisible();
});

test('a file without a byte is refused with what to do, nothing is stored, and the tab goes on', async ({ page }) => {
  await page.goto(contributeUrl(server, 'paint'));
  const nothing = { name: 'nothing.png', mimeType: 'image/png', buffer: Buffer.alloc(0) };
  await page.locator('input[type=file]').setInputFiles([nothing]);
  await expect(page.getByText('None of the files could be read as an image. Try PNG or JPEG.').first()).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(await page.evaluate(async () => (await indexedDB.databases()).length)).toBe(0);
  await drawOne(page);
  await page.getByRole('button', { name: 'Label 1' }).click();
  await expect(list(page)).toHaveCount(1);
});

test('a picture of 144 million pixels in a small file is refused with what to do, and the other one and the tab go on', async ({
  page,
}) => {
  await page.goto(contributeUrl(server, 'paint'));
  const huge = pngOf(12_000, 12_000, 1, Buffer.alloc(1_501 * 12_000));
  expect(huge.length).toBeLessThan(50_000);
  const files = [
    { name: 'huge.png', mimeType: 'image/png', buffer: huge },
    { name: 'one.png', mimeType: 'image/png', buffer: png(40, 40, (x) => (x > 16 && x < 24 ? 255 : 0)) },
  ];
  await page.locator('input[type=file]').setInputFiles(files);
  await expect(
    page.getByText(
      'Too large: 1. A picture may have 100 million pixels and 64 MB. Make it smaller, then choose it again.',
    ),
  ).toBeVisible();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox').first().selectOption({ label: '1' });
  await dialog.getByRole('button', { name: 'Add' }).click();
  await expect(list(page)).toHaveCount(1);
  await drawOne(page);
  await page.getByRole('button', { name: 'Label 1' }).click();
  await expect(list(page)).toHaveCount(2);
});

test('a picture of 81 million pixels is shrunk, and becomes an example', { tag: '@long' }, async ({ page }) => {
  await page.goto(contributeUrl(server, 'paint'));
  // A stripe from the top to the bottom, white on black.
  const rows = Buffer.alloc(1_126 * 9_000);
  for (let y = 0; y < 9_000; y++) rows.fill(255, y * 1_126 + 500, y * 1_126 + 620);
  const buffer = pngOf(9_000, 9_000, 1, rows);
  await page.locator('input[type=file]').setInputFiles([{ name: 'large.png', mimeType: 'image/png', buffer }]);
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox').first().selectOption({ label: '1' });
  await dialog.getByRole('button', { name: 'Add' }).click();
  await expect(list(page)).toHaveCount(1);
});

test('the page is free of accessibility faults that axe knows, before and after joining, light and dark', async ({
  page,
  context,
}) => {
  await fewSamples(context, 60);
  await page.goto(contributeUrl(server, 'paint'));
  await expectState(page, 'idle');
  expect(await problemsInBothColours(page)).toEqual([]);
  await addSamples(page);
  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  expect(await problemsInBothColours(page)).toEqual([]);
});

test('no horizontal scroll at 360 px, in English and in Chinese', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const lang of ['en', 'zh']) {
    await page.goto(contributeUrl(server, 'paint', `lang=${lang}`));
    await expectState(page, 'idle');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expect(await page.evaluate(() => document.documentElement.lang)).toMatch(new RegExp(`^${lang}`));
  }
});
