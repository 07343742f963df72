import { chromium } from 'playwright';
import { findChromium, launchOptions } from '../fixtures/browser.ts';
import {
  addSamples,
  agreeAndJoin,
  contributeUrl,
  createTask,
  expectRounds,
  expectState,
  startRounds,
} from '../fixtures/contribute.ts';
import { startServer } from '../fixtures/server.ts';
import { type MainThreadTask, mainThreadTasks } from './main-thread-tasks.ts';
import { median, milliseconds, tableOf, whole } from './table.ts';

const ROUNDS = 3;
/** From here on people notice: the Long Tasks API counts the same way, by the clock instead of the processor. */
const LONG_MS = 50;
const BACKENDS = { cpu: 'plain CPU', wasm: 'WASM', webgl: 'WebGL' } as const;

/**
 * Tasks of the contributor's page on its main thread, from the first paint over samples, consent and three rounds of
 * `mlp-2nn` to the last result. Processor time of the thread, which other programs on the machine do not lengthen.
 */
export async function benchMainThread(runs: number, say: (line: string) => void): Promise<void> {
  const found = findChromium();
  if (!found.ok) throw new Error(found.reason);
  const rows: string[][] = [];
  for (const backend of Object.keys(BACKENDS) as (keyof typeof BACKENDS)[]) {
    const seen: (readonly MainThreadTask[])[] = [];
    for (let run = 0; run < runs; run++) seen.push(await tasksOf(found.path, backend));
    const longest = seen.map((tasks) => Math.max(...tasks.map(({ processorMs }) => processorMs)));
    const long = seen.map((tasks) => tasks.filter(({ processorMs }) => processorMs > LONG_MS).length);
    rows.push([
      BACKENDS[backend],
      whole(median(seen.map((tasks) => tasks.length))),
      milliseconds(median(longest), 1),
      milliseconds(Math.max(...longest), 1),
      whole(Math.max(...long)),
    ]);
  }
  say(tableOf(['backend', 'tasks', 'longest, median', 'longest', `over ${LONG_MS} ms, at most`], rows));
}

async function tasksOf(executablePath: string, backend: keyof typeof BACKENDS): Promise<readonly MainThreadTask[]> {
  const server = await startServer();
  const browser = await chromium.launch(launchOptions(executablePath));
  try {
    await createTask(server, 'busy', { model: { zoo: 'mlp-2nn', seed: 1 } });
    const page = await browser.newPage({ locale: 'en-US' });
    await browser.startTracing(page, { categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline'] });
    await page.goto(contributeUrl(server, 'busy', `backend=${backend}&lang=en`));
    await addSamples(page);
    await agreeAndJoin(page);
    await expectState(page, 'waiting', { timeout: 60_000 });
    await startRounds(server, 'busy', ROUNDS);
    await expectRounds(
      server,
      'busy',
      (rounds) => rounds.filter(({ outcome }) => outcome === 'committed').length === ROUNDS,
    );
    await expectState(page, 'accepted', { timeout: 60_000 });
    return mainThreadTasks(JSON.parse((await browser.stopTracing()).toString('utf8')), new URL(server.url).origin);
  } finally {
    await browser.close();
    await server.dispose();
  }
}
