import { writeFileSync } from 'node:fs';
import { expect, type Page, test } from 'playwright/test';
import { formOf } from '../../shared/task/kinds/index.ts';
import { movies } from '../../shared/task/templates/movies.ts';
import { decodeSamples } from '../../shared/wire/samples.ts';
import { SCORED_SEED } from '../../web/trainer/core/evaluate.ts';
import { examplesOf } from '../../web/trainer/core/examples.ts';
import { solveTaste, tastesOf } from '../../web/trainer/core/taste.ts';
import { accessibilityProblems } from '../fixtures/accessibility.ts';
import {
  addSamples,
  agreeAndJoin,
  contributeUrl,
  createTask,
  expectRounds,
  expectState,
  startRounds,
} from '../fixtures/contribute.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

test.describe.configure({ mode: 'default' });
let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
  await createTask(server, 'films', { template: 'movies', title: 'Which films you would like', model: { seed: 1 } });
});
test.afterAll(() => server.dispose());

const list = (page: Page) => page.getByRole('list', { name: 'Your examples, newest first' }).getByRole('listitem');
const ratingOf = (page: Page, title: string) => page.getByLabel(`Your rating of ${title}`, { exact: true });
const form = formOf(movies.data);

test('titles are rated from a list or a file, and what is not rated yet is recommended', async ({ page }) => {
  await page.goto(contributeUrl(server, 'films'));
  await page.getByLabel('Find a title').fill('glass co');
  await ratingOf(page, 'The Glass Comet').selectOption('4.5');
  await expect(list(page)).toHaveText([/The Glass Comet\s*4.5/]);
  await ratingOf(page, 'The Glass Comet').selectOption('2');
  await expect(list(page)).toHaveText([/The Glass Comet\s*2/]);
  await page.getByLabel('Find a title').fill('no such film');
  await expect(page.getByText('There is no such title in this task.')).toBeVisible();
  await page.getByLabel('Find a title').fill('');

  const path = test.info().outputPath('ratings.csv');
  writeFileSync(path, 'Title,Rating\nthe glass VIOLET,5\nThe Last Winter,0.5\nNo Such Film,3\nThe Last Comet,9\n');
  await page.getByLabel('CSV file').setInputFiles(path);
  await page.getByRole('button', { name: 'Add rows' }).click();
  await expect(page.getByText('1 row left out: the task has no such title.')).toBeVisible();
  await expect(page.getByText('1 row left out: the rating is not on the scale.')).toBeVisible();
  await expect(list(page)).toHaveCount(3);

  await page.getByRole('button', { name: 'Try it', exact: true }).click();
  const best = page.getByRole('list', { name: 'You might like' }).getByRole('listitem');
  await expect(best).toHaveCount(5);
  const [first = ''] = await best.locator('strong').allTextContents();
  expect(movies.data.items).toContain(first);
  // What is rated is recommended no more.
  await page.getByLabel('Find a title').fill(first);
  await ratingOf(page, first).selectOption('1');
  await expect(best.locator('strong', { hasText: first })).toHaveCount(0);
  await expect(best).toHaveCount(5);
  expect(await accessibilityProblems(page)).toEqual([]);
});

test('neither the taste nor the ratings are in anything that is sent', async ({ page, context }) => {
  const sent: Buffer[] = [];
  const received: string[] = [];
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  cdp.on('Network.webSocketFrameSent', ({ response }) => {
    sent.push(Buffer.from(response.payloadData, response.opcode === 2 ? 'base64' : 'utf8'));
  });
  cdp.on('Network.webSocketFrameReceived', ({ response }) => {
    if (response.opcode !== 2) received.push(response.payloadData);
  });
  page.on('request', (request) => {
    sent.push(Buffer.from(request.url()), Buffer.from(JSON.stringify(request.headers())));
    const body = request.postDataBuffer();
    if (body !== null) sent.push(body);
  });
  await page.goto(contributeUrl(server, 'films'));
  const answer = page.waitForResponse((response) => response.url().includes('/samples?'));
  await addSamples(page);
  const samples = decodeSamples(new Uint8Array(await (await answer).body()), form);
  if (!samples.ok) throw new Error(samples.problem);
  await expect(page.getByText('no real people')).toBeVisible();
  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await startRounds(server, 'films', 1);
  await expectRounds(server, 'films', (rounds) => rounds[0]?.outcome === 'committed');
  // The browser tells of a frame later than the server counts it: a report is 600 numbers.
  await expect.poll(() => sent.some(({ length }) => length >= 2_400)).toBe(true);

  const { features, targets } = samples.shard;
  const own = examplesOf(form, [{ features, targets }]);
  const [checkpoint] = await server.adminJson<{ sha256: string }[]>('/api/tasks/films/checkpoints');
  const weights = await fetch(`${server.url}/weights/${checkpoint?.sha256}`);
  const factors = { params: new Float32Array(await weights.arrayBuffer()), width: 5 };
  const seed = Number(/"seed":(\d+)/.exec(received.join())?.[1]);
  expect(Number.isInteger(seed)).toBe(true);
  const scaled = Array.from(targets, (target, at) => ({
    item: features[at] as number,
    target: (target - 2.75) / 2.25,
  }));
  const tastes = [
    tastesOf(factors, own, seed).of(0),
    tastesOf(factors, own, SCORED_SEED).of(0),
    solveTaste(factors, scaled, movies.data.ridge),
  ];
  const needles = [
    ...tastes.flatMap((taste) => numbersAs(taste.subarray(0, 4), 1)),
    ...numbersAs(targets, 4),
    ...numbersAs(features, 4),
    ...Array.from(features, (item) => Buffer.from(movies.data.items[item] ?? '')),
  ];
  expect(needles.length).toBeGreaterThan(100);
  const found = needles.filter((needle) => sent.some((bytes) => bytes.includes(needle)));
  expect(found.map(String)).toEqual([]);
  // The search would find them.
  const message = Buffer.concat([Buffer.alloc(7), Buffer.from(tastes[0]?.buffer ?? new ArrayBuffer())]);
  expect(needles.some((needle) => message.includes(needle))).toBe(true);
});

test('the reports of two people are as long as each other, whatever and however much they rated', async ({
  browser,
}) => {
  await createTask(server, 'lengths', {
    template: 'movies',
    model: { seed: 1 },
    rounds: { goal: 2, minimum: 2, selectionDeadlineMs: 60_000, reportingDeadlineMs: 60_000 },
  });
  const open = async (rows: string) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const frames: Buffer[] = [];
    page.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => {
        if (typeof payload !== 'string') frames.push(payload);
      }),
    );
    await page.goto(contributeUrl(server, 'lengths'));
    const buffer = Buffer.from(`Title,Rating\n${rows}`);
    await page.getByLabel('CSV file').setInputFiles({ name: 'own.csv', mimeType: 'text/csv', buffer });
    await page.getByRole('button', { name: 'Add rows' }).click();
    await expect(list(page).first()).toBeVisible();
    await agreeAndJoin(page);
    await expectState(page, 'waiting');
    return { context, frames };
  };
  const { items } = movies.data;
  const few = await open(`${items[0]},5\n${items[1]},0.5\n`);
  const many = await open(
    items
      .slice(20, 90)
      .map((title, at) => `${title},${1 + (at % 4)}\n`)
      .join(''),
  );
  await startRounds(server, 'lengths', 1);
  await expectRounds(server, 'lengths', ([round]) => round?.outcome === 'committed' && round.accepted === 2);
  const lengths = ({ frames }: { frames: Buffer[] }): number[] => frames.map(({ length }) => length);
  // 600 numbers and what stands before them.
  for (const { frames } of [few, many]) await expect.poll(() => frames.length).toBe(1);
  expect(lengths(few)).toEqual([96 + 4 * 600]);
  expect(lengths(many)).toEqual(lengths(few));
  const [one, other] = [few.frames[0], many.frames[0]];
  expect(one?.equals(other ?? Buffer.alloc(0))).toBe(false);
  await Promise.all([few, many].map(({ context }) => context.close()));
});

/** Every run of so many numbers as float32, as float64, as int32 where they are whole, and as JSON. */
function numbersAs(values: ArrayLike<number>, run: number): Buffer[] {
  const all = Array.from(values);
  return all.slice(0, all.length - run + 1).flatMap((_, at) => {
    const some = all.slice(at, at + run);
    const bytes = [Float32Array.from(some), Float64Array.from(some)].map(({ buffer }) => Buffer.from(buffer));
    const whole = some.every(Number.isInteger) ? [Buffer.from(Int32Array.from(some).buffer)] : [];
    return [...bytes, ...whole, Buffer.from(JSON.stringify(some).slice(1, run === 1 ? 10 : -1))];
  });
}
