import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { expect, type Page, test } from 'playwright/test';
import { accessibilityProblems } from '../fixtures/accessibility.ts';
import {
  addSamples,
  agreeAndJoin,
  contributeUrl,
  expectRounds,
  expectState,
  fewSamples,
  startRounds,
} from '../fixtures/contribute.ts';
import { KERAS_JSON, kerasFolder } from '../fixtures/keras-folder.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

test.describe.configure({ mode: 'default' });
let server: RunningServer;
const keras = kerasFolder();
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(async () => {
  await server.dispose();
  await rm(keras.folder, { recursive: true });
});

/** The form of the template `custom`. */
async function openForm(page: Page): Promise<void> {
  await page.goto(`${server.url}/admin?lang=en&new`);
  await page.getByLabel('Admin token').fill(server.adminToken);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByLabel('Template').selectOption('custom');
}
const files = (page: Page) => page.getByLabel('Files of your model');
const topology = (page: Page) => page.getByLabel('Topology');

test('an admin brings a model in the form of the Keras converter with its weights, made by hand, and a contributor trains it', {
  tag: '@long',
}, async ({ page, context }) => {
  await openForm(page);
  await files(page).setInputFiles(keras.files);
  await expect(page.getByText('it takes 28 × 28 × 1 numbers, gives 10, and has 4,138 parameters')).toBeVisible();
  await expect(page.getByText('Version 0 starts from its own weights')).toBeVisible();
  await expect(page.getByText('dropout is left out')).toBeVisible();
  await expect(topology(page)).toHaveValue(/max_pooling2d/);
  await page.getByLabel('Goal').fill('1');
  await page.getByLabel('Minimum').fill('1');
  await page.getByRole('button', { name: 'Create task' }).click();
  await expect(page.locator('main')).toHaveAttribute('data-task', 'custom');

  const response = await fetch(`${server.url}/api/tasks/custom/model/weights.bin?version=0`);
  const served = new Float32Array(await response.arrayBuffer());
  expect(Buffer.from(served.buffer).equals(Buffer.from(keras.weights.buffer))).toBe(true);

  await fewSamples(context, 60);
  await page.goto(contributeUrl(server, 'custom'));
  await addSamples(page);
  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await startRounds(server, 'custom', 1);
  const [round] = await expectRounds(server, 'custom', (rounds) => rounds[0]?.outcome === 'committed');
  expect(round).toMatchObject({ accepted: 1, dropped: 0 });
});

test('threats C13 C17: hostile and foreign files are refused with a sentence, nothing of them is in the form, and it stays alive', async ({
  page,
}) => {
  const keptWeights = async (): Promise<number> =>
    (await server.adminJson<unknown[]>('/api/audit')).filter((row) => JSON.stringify(row).includes('weights.keep'))
      .length;
  const keptBefore = await keptWeights();
  await openForm(page);
  const before = await topology(page).inputValue();
  const good = JSON.parse(readFileSync(KERAS_JSON, 'utf8'));
  /** From the disk: the page is not told what is in it. */
  async function choose(content: string, ...others: string[]): Promise<void> {
    const path = test.info().outputPath('model.json');
    writeFileSync(path, content);
    await files(page).setInputFiles([path, ...others]);
  }
  function altered(change: (layers: { class_name: string; config: Record<string, unknown> }[]) => unknown): string {
    const json = structuredClone(good);
    change(json.modelTopology.model_config.config.layers);
    return JSON.stringify(json);
  }
  const hostile: readonly (readonly [content: string, sentence: string])[] = [
    [altered((layers) => Object.assign(layers[5]?.config ?? {}, { units: 1e12 })), 'must be a whole number from 1 to'],
    [altered((layers) => Object.assign(layers[1]?.config ?? {}, { filters: 1e7 })), 'more than 100000000 parameters'],
    [
      altered((layers) => layers.splice(2, 0, { class_name: 'Normalization', config: { name: 'norm' } })),
      'merge it into the layer before it, or take it out',
    ],
    [
      altered((layers) => Object.assign(layers[5]?.config ?? {}, { x: 'HERE' })).replace('"x":', '"__proto__":'),
      '__proto__ is a setting that is not known here',
    ],
    [
      `{"class_name":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
      'a list is not taken; build the model as Sequential',
    ],
    [' '.repeat(2_000_000), 'a model.json of 2000000 bytes is not read'],
  ];
  for (const [content, sentence] of hostile) {
    await choose(content);
    await expect(page.getByText('These files cannot be taken. The form is as it was.')).toBeVisible();
    await expect(page.getByText(sentence)).toBeVisible();
    expect(await topology(page).inputValue()).toBe(before);
  }
  await choose(JSON.stringify(good), keras.files[1] as string);
  await expect(page.getByText('the file group1-shard2of2.bin is missing')).toBeVisible();
  expect(await accessibilityProblems(page)).toEqual([]);

  // Alive: the same form takes a good file, and says what does not go with it.
  await choose(altered((layers) => Object.assign(layers[0]?.config ?? {}, { batch_input_shape: [null, 32, 32, 3] })));
  await expect(page.getByText('it takes 32 × 32 × 3 numbers')).toBeVisible();
  await expect(page.getByLabel('Sample data')).toHaveValue('');
  await page.getByLabel('Labels').fill('cat\ndog');
  await expect(page.getByText('The model must have one output for each label.')).toBeVisible();
  await choose(JSON.stringify(good));
  await expect(page.getByText('it takes 28 × 28 × 1 numbers')).toBeVisible();
  expect(await keptWeights()).toBe(keptBefore);
});
