import { expect, test } from 'playwright/test';
import { contributeUrl, createTask } from '../fixtures/contribute.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

test.describe.configure({ mode: 'default' });
let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.dispose());

// Where samples come from is said before anybody takes them, whether this server has them or not.
for (const [template, note] of [
  ['digits', 'The sample digits are from MNIST (LeCun, Cortes and Burges): the handwriting of hundreds of people'],
  ['fashion', 'The sample pictures are from Fashion-MNIST, Zalando SE 2017'],
  ['keywords', 'The sample words are spoken by a program, espeak-ng, one voice for each contributor: no real people.'],
  ['table', 'The sample rows are invented by a script, the same for everybody: no real trips.'],
  ['movies', 'The sample ratings are invented by a script, one made-up person for each contributor: no real people.'],
  ['text', 'The sample texts are definitions of WordNet 3.1, Princeton University 2011.'],
] as const) {
  test(`the page says where the samples of ${template} come from`, async ({ page }) => {
    await createTask(server, `from-${template}`, { template, model: { seed: 1 } });
    await page.goto(contributeUrl(server, `from-${template}`));
    await expect(page.getByText(note)).toBeVisible();
  });
}
