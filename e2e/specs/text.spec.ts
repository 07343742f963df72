import { writeFileSync } from 'node:fs';
import { expect, type Page, test } from 'playwright/test';
import { accessibilityProblems } from '../fixtures/accessibility.ts';
import {
  addSamples,
  agreeAndJoin,
  contributeUrl,
  createTask,
  expectRounds,
  expectState,
  fewSamples,
  startRounds,
} from '../fixtures/contribute.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

test.describe.configure({ mode: 'default' });
let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
  await createTask(server, 'subjects', { template: 'text', title: 'What a definition is about', model: { seed: 1 } });
  await createTask(server, 'next', { template: 'next-character', title: 'The next character', model: { seed: 1 } });
});
test.afterAll(() => server.dispose());

const list = (page: Page) => page.getByRole('list', { name: 'Your examples, newest first' }).getByRole('listitem');
/** From the disk: handed over as a buffer, it would be unpacked in the page. */
async function choose(page: Page, input: string, name: string, text: string | Buffer): Promise<void> {
  const path = test.info().outputPath(name);
  writeFileSync(path, text);
  await page.getByLabel(input, { exact: true }).setInputFiles(path);
}

test('texts that are typed and brought train a round; what is kept of them are numbers', { tag: '@long' }, async ({
  page,
}) => {
  await page.goto(contributeUrl(server, 'subjects'));
  await page.getByLabel('Write here').fill('A small bird that sings');
  await page.getByRole('button', { name: 'Label animal' }).click();
  await expect(list(page).first()).toContainText('A small bird that sings');
  await expect(page.getByLabel('Write here')).toHaveValue('');

  await choose(page, 'Text or CSV file', 'food.txt', 'warm bread with butter\n\n???\na thick soup\n');
  const lines = page.getByRole('dialog', { name: 'What are these texts?' });
  await lines.getByLabel('All of them are').selectOption('food');
  expect(await accessibilityProblems(page)).toEqual([]);
  await lines.getByRole('button', { name: 'Add texts' }).click();
  await expect(page.getByText('1 row left out: there is no word in the text.')).toBeVisible();
  await expect(list(page)).toHaveCount(3);

  await choose(page, 'Text or CSV file', 'more.csv', 'text,label\n"a tall, old tree",plant\na stone,mineral\n');
  const columns = page.getByRole('dialog', { name: 'Which column is which?' });
  await expect(columns.getByLabel('label: what is to be learned')).toHaveValue('1');
  await columns.getByRole('button', { name: 'Add rows' }).click();
  await expect(page.getByText('1 row left out: the task has no such label.')).toBeVisible();
  await expect(list(page).first()).toContainText('a tall, old tree');
  await page.getByRole('button', { name: 'Remove this food' }).first().click();
  await expect(list(page)).toHaveCount(3);

  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await startRounds(server, 'subjects', 1);
  const [round] = await expectRounds(server, 'subjects', (rounds) => rounds[0]?.outcome === 'committed');
  expect(round).toMatchObject({ accepted: 1, dropped: 0 });

  await page.reload();
  await page.getByRole('button', { name: 'Show my examples' }).click();
  await expect(list(page)).toHaveCount(3);
  await expect(list(page).last()).toContainText(/^Words, kept as \d+ \d+ .*animal$/);
});

test('sample texts say where they come from, and the model answers while one writes', { tag: '@long' }, async ({
  page,
  context,
}) => {
  await fewSamples(context, 300);
  await page.goto(contributeUrl(server, 'subjects'));
  await expect(page.getByText(/\d\s?% right on examples it has never seen/)).toBeVisible();
  await addSamples(page);
  await expect(page.getByText('definitions of WordNet 3.1')).toBeVisible();
  await page.getByRole('button', { name: 'Try it', exact: true }).click();
  await expect(page.getByText('Write to see what the model thinks.')).toBeVisible();
  await page.getByLabel('Text for trying the model').fill('a city in the north');
  await expect(page.getByText(/^This (looks like|might be) (animal|plant|food|person|place|thing)\.$/)).toBeVisible();
  expect(await accessibilityProblems(page)).toEqual([]);
});

test('texts of no use and files far too long are refused whole', async ({ page }) => {
  await page.goto(contributeUrl(server, 'subjects'));
  await page.getByLabel('Write here').fill('?!');
  await page.getByRole('button', { name: 'Label plant' }).click();
  await expect(page.getByText('There is no word in that text.')).toBeVisible();
  const dialog = page.getByRole('dialog', { name: 'What are these texts?' });
  for (const [name, content, words] of [
    ['million.txt', 'a cat\n'.repeat(1_000_000), 'more than 100,000 rows'],
    ['photo.txt', Buffer.alloc(3_000_000, 7), 'That file is no text with lines'],
    ['marks.txt', '?\n!\n', 'There is no word in that file'],
  ] as const) {
    await choose(page, 'Text or CSV file', name, content);
    await dialog.getByLabel('All of them are').selectOption('thing');
    await dialog.getByRole('button', { name: 'Add texts' }).click();
    await expect(dialog.getByRole('alert')).toContainText(words);
    await page.keyboard.press('Escape');
  }
  await expect(page.getByText('Nothing here yet.')).toBeVisible();
  expect(await page.evaluate(async () => (await indexedDB.databases()).length)).toBe(0);
});

test('a pasted text becomes an example a character, trains a round, and the model tells the next', {
  tag: '@long',
}, async ({ page }) => {
  await page.goto(contributeUrl(server, 'next'));
  await page.getByLabel('Paste a text').fill('The cat.');
  await page.getByRole('button', { name: 'Add this text' }).click();
  await expect(list(page)).toHaveCount(7);
  await expect(list(page).first()).toHaveText('the cat..');
  await choose(page, 'Text file', 'long.txt', 'so it goes '.repeat(20_000));
  await expect(page.getByText('more than 100,000 characters')).toBeVisible();
  await expect(list(page)).toHaveCount(7);

  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await startRounds(server, 'next', 1);
  await expectRounds(server, 'next', (rounds) => rounds[0]?.outcome === 'committed');
  await page.getByRole('button', { name: 'Try it', exact: true }).click();
  await page.getByLabel('Text to go on with').fill('the ca');
  await expect(page.getByText(/^Most likely next: .$/)).toBeVisible();
  expect(await accessibilityProblems(page)).toEqual([]);
});
