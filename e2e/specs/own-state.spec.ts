import { expect, type Page, test } from 'playwright/test';
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

let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.dispose());

const databases = (page: Page): Promise<(string | undefined)[]> =>
  page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name).toSorted());

/** The control variates that this browser keeps: their reports, and how many values each has. */
const kept = (page: Page, task: string): Promise<{ id: string; length: number; isZero: boolean }[]> =>
  page.evaluate(
    (name) =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open(name);
        opening.onerror = reject;
        opening.onsuccess = () => {
          const reading = opening.result.transaction('own').objectStore('own').get('own');
          reading.onsuccess = () => {
            opening.result.close();
            const { controls } = reading.result as { controls: { updateId: string; values: Float32Array }[] };
            resolve(
              controls.map(({ updateId: id, values }) => ({
                id,
                length: values.length,
                isZero: values.every((value) => value === 0),
              })),
            );
          };
        };
      }),
    `fedtab-own-${task}`,
  );

test('P47 SCAFFOLD: c_i is kept from round to round and over a reload, and "Delete my data" deletes it', {
  tag: '@long',
}, async ({ page, context }) => {
  await createTask(server, 'corrected', {
    client: { work: 'scaffold', epochs: 1 },
    strategy: { name: 'scaffold', weighting: 'uniform' },
  });
  await fewSamples(context, 60);
  await page.goto(contributeUrl(server, 'corrected'));
  await addSamples(page);
  expect(await databases(page)).toEqual(['fedtab-examples-corrected']);
  await agreeAndJoin(page);
  await startRounds(server, 'corrected', 2);
  await expectRounds(server, 'corrected', (rounds) => rounds.filter(({ accepted }) => accepted === 1).length === 2);
  const [first, second, ...more] = await kept(page, 'corrected');
  expect([first, second, more]).toMatchObject([{ length: 7_850, isZero: false }, { length: 7_850, isZero: false }, []]);

  await page.reload();
  await agreeAndJoin(page);
  await startRounds(server, 'corrected', 1);
  await expectRounds(server, 'corrected', (rounds) => rounds.filter(({ accepted }) => accepted === 1).length === 3);
  // What was last counted is gone on from; what came before it is let go.
  expect((await kept(page, 'corrected')).map(({ id }) => id)).toEqual([second?.id, expect.any(String)]);

  await expectState(page, /waiting|accepted/);
  await page.getByRole('button', { name: 'Delete my data' }).click();
  await page.getByRole('button', { name: 'Delete everything' }).click();
  await expect(page.getByText('Deleted, here and on the server.')).toBeVisible();
  expect(await databases(page)).toEqual([]);
});

test('P54 momentum of reports: the average goes on from round to round and over a reload, and "Delete my data" deletes it', {
  tag: '@long',
}, async ({ page, context }) => {
  await createTask(server, 'averaged', { client: { reportMomentum: 0.5 } });
  await fewSamples(context, 60);
  await page.goto(contributeUrl(server, 'averaged'));
  await addSamples(page);
  await agreeAndJoin(page);
  const average = () =>
    page.evaluate(
      () =>
        new Promise<{ mass: number; version: number; length: number }>((resolve, reject) => {
          const opening = indexedDB.open('fedtab-momentum-averaged');
          opening.onerror = reject;
          opening.onsuccess = () => {
            const reading = opening.result.transaction('momenta').objectStore('momenta').get('momentum');
            reading.onsuccess = () => {
              opening.result.close();
              const { mass, version, values } = reading.result as {
                mass: number;
                version: number;
                values: Float32Array;
              };
              resolve({ mass, version, length: values.length });
            };
          };
        }),
    );
  await startRounds(server, 'averaged', 2);
  await expectRounds(server, 'averaged', (rounds) => rounds.filter(({ accepted }) => accepted === 1).length === 2);
  // What it counts for: 1, then 1 + ½, then 1 + ½ · 1½.
  await expect.poll(average).toEqual({ mass: 1.5, version: 1, length: 7_850 });

  await page.reload();
  await agreeAndJoin(page);
  await startRounds(server, 'averaged', 1);
  await expectRounds(server, 'averaged', (rounds) => rounds.filter(({ accepted }) => accepted === 1).length === 3);
  await expect.poll(average).toEqual({ mass: 1.75, version: 2, length: 7_850 });

  await expectState(page, /waiting|accepted/);
  await page.getByRole('button', { name: 'Delete my data' }).click();
  await page.getByRole('button', { name: 'Delete everything' }).click();
  await expect(page.getByText('Deleted, here and on the server.')).toBeVisible();
  expect(await databases(page)).toEqual([]);
});
