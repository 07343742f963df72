import { expect, type Page } from 'playwright/test';
import type { TaskId } from '../../shared/ids.ts';
import { bytesForm } from '../../shared/task/kinds/form.ts';
import { decodeSamples } from '../../shared/wire/samples.ts';
import { problemsInBothColours } from '../fixtures/accessibility.ts';
import {
  agreeAndJoin,
  contributeUrl,
  createTask,
  expectRounds,
  expectState,
  fewSamples,
  startRounds,
} from '../fixtures/contribute.ts';
import type { RunningServer } from '../fixtures/server.ts';
import { test } from '../fixtures/worker-server.ts';
import { Population } from '../sim/population.ts';
import { noiseTrainer, scoringTrainer } from '../sim/trainers.ts';

async function logIn(page: Page, server: RunningServer, task: string): Promise<void> {
  await page.goto(`${server.url}/admin?lang=en&task=${task}`);
  await page.getByLabel('Admin token').fill(server.adminToken);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('button', { name: 'Log out' })).toBeVisible();
}
const evaluateButton = (page: Page) => page.getByRole('button', { name: 'Evaluate on contributors’ devices' });

test('a tab trains on four fifths and scores on the other: counts leave, and the dashboard shows mean and spread', async ({
  page,
  context,
  browser,
  server,
}) => {
  const rounds = { goal: 5, minimum: 5, selectionDeadlineMs: 60_000, reportingDeadlineMs: 60_000 };
  await createTask(server, 'scored', { client: { heldOut: true }, rounds });
  const others = new Population({
    server: server.url,
    task: 'scored' as TaskId,
    count: 4,
    // 50, 75, 75 and 100 %
    trainer: (index) => scoringTrainer(noiseTrainer(index), [5, 15, 15, 10][index] ?? 0, [10, 20, 20, 10][index] ?? 1),
  });
  await others.start();

  await fewSamples(context, 60);
  const sent: Buffer[] = [];
  const sentBytes = (): number => sent.reduce((sum, bytes) => sum + bytes.length, 0);
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  cdp.on('Network.webSocketFrameSent', ({ response }) => {
    sent.push(Buffer.from(response.payloadData, response.opcode === 2 ? 'base64' : 'utf8'));
  });
  await page.goto(contributeUrl(server, 'scored'));
  const answer = page.waitForResponse((response) => response.url().includes('/samples?'));
  await page.getByRole('button', { name: 'Add sample data' }).click();
  const samples = decodeSamples(new Uint8Array(await (await answer).body()), bytesForm([28, 28, 1], 10));
  if (!samples.ok) throw new Error(samples.problem);
  await page.getByRole('button', { name: 'Join training' }).click();
  await expect(page.getByRole('dialog')).toContainText('25 counts leave, such as how many answers were right');
  await page.getByRole('button', { name: 'Not now' }).click();
  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await startRounds(server, 'scored', 1);
  await expect(page.getByText('counted in version 1')).toBeVisible();
  await expectState(page, 'waiting');

  const admin = await browser.newPage();
  await logIn(admin, server, 'scored');
  await expect(admin.getByRole('region', { name: 'On contributors’ own examples' })).toContainText('Nothing yet.');
  const before = sent.length;
  const beforeBytes = sentBytes();
  await evaluateButton(admin).click();
  await expect(page.getByText('counts added to the figures of version 1')).toBeVisible();
  await expectRounds(server, 'scored', (all) => all[1]?.outcome === 'committed' && all[1].accepted === 5);

  // One frame of counts, and a few messages around it: nothing of an example, whichever way it is written.
  const frames = sent.slice(before).filter((bytes) => bytes.toString('latin1', 0, 4) === 'FTR1');
  expect(frames.map(({ length }) => length)).toEqual([196]);
  expect(sentBytes() - beforeBytes).toBeLessThan(196 + 2_048);
  const { features } = samples.shard;
  const all = Buffer.concat(sent);
  for (let example = 0; example < 60; example++) {
    const pixels = (features as Uint8Array).subarray(example * 784, (example + 1) * 784);
    const inked = pixels.findIndex((value) => value > 0);
    const normalised = Float32Array.from(pixels.subarray(inked, inked + 16), (value) => value / 255);
    expect(all.includes(Buffer.from(pixels.subarray(inked, inked + 64)))).toBe(false);
    expect(all.includes(Buffer.from(normalised.buffer))).toBe(false);
  }

  const figures = admin.getByRole('region', { name: 'On contributors’ own examples' });
  const row = figures.getByRole('row').nth(1);
  await expect(row.getByRole('rowheader')).toHaveText('1');
  const [{ evaluation } = { evaluation: null }] = (
    await server.adminJson<{ number: number; evaluation?: { examples: number; spread: { mean: number } } }[]>(
      '/api/tasks/scored/rounds',
    )
  ).filter(({ number }) => number === 2);
  if (!evaluation) throw new Error('round 2 has no figures');
  // The four that are known, and the tab's own about twelve.
  expect(evaluation.examples).toBeGreaterThan(60);
  expect(evaluation.examples).toBeLessThan(60 + 30);
  await expect(row.getByRole('cell')).toContainText([
    /%$/,
    `${(100 * evaluation.spread.mean).toFixed(1)} %`,
    /%$/,
    '5',
    String(evaluation.examples),
    '2',
  ]);
  await expect(figures.getByRole('list', { name: '5 contributors by their own figure, version 1' })).toContainText(
    '75 % to 80 %2',
  );
  expect(await problemsInBothColours(admin)).toEqual([]);
  await admin.close();
  await others.close();
});

test('the form sets a fifth aside; a task without it cannot be evaluated, and one without contributors shows nothing', {
  tag: '@long',
}, async ({ page, server }) => {
  await createTask(server, 'whole');
  await logIn(page, server, 'whole');
  await expect(page.getByRole('button', { name: 'Start rounds' })).toBeVisible();
  await expect(evaluateButton(page)).toHaveCount(0);
  await page.getByRole('button', { name: 'New task' }).click();
  await page.getByLabel('Task id').fill('by-form');
  await page.getByLabel('Set a fifth of the examples aside').check();
  await page.getByRole('button', { name: 'Create task' }).click();
  await expect(evaluateButton(page)).toBeEnabled();
  await evaluateButton(page).click();
  await expect(page.locator('main')).toHaveAttribute('data-state', 'running');
  await expect(page.getByText('Evaluating on contributors’ devices')).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.locator('main')).toHaveAttribute('data-state', 'idle');
  await page.getByRole('tab', { name: 'Settings' }).click();
  await expect(page.getByText('Set a fifth of the examples aside')).toBeVisible();
});
