import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { findChromium, launchOptions } from '../fixtures/browser.ts';
import { contributeUrl, createTask, expectRounds, startRounds } from '../fixtures/contribute.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { beeps, writeWav } from '../fixtures/sound.ts';
import { functionsOf, type MainThreadTask, mainThreadTasks, type Part, type Trace } from './main-thread-tasks.ts';
import { PlainPage } from './plain-page.ts';
import { median, milliseconds, tableOf, whole } from './table.ts';

/** From here on people notice: the Long Tasks API counts the same way, by the clock instead of the processor. */
const LONG_MS = 50;
const START = 'page start';
const NAMED_PARTS = 3;
const BACKENDS = { cpu: 'plain CPU', wasm: 'WASM', webgl: 'WebGL' } as const;
type Backend = keyof typeof BACKENDS;

const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'blink.user_timing', 'v8'];
const PROFILER = 'disabled-by-default-v8.cpu_profiler';

/** A file for the trace, which DevTools opens; with a processor profile, which names functions and slows every task. */
const { MAIN_THREAD_PROFILE: profile = '' } = process.env;
const isProfiled = profile !== '';

/**
 * Tasks of the contributor's page on its main thread, by what the person does: from the start of the page over samples,
 * consent, three rounds of `mlp-2nn` and a drawing to try, and a minute of sound on another page. Processor time of
 * the thread, which other programs on the machine do not lengthen.
 */
export async function benchMainThread(runs: number, say: (line: string) => void): Promise<void> {
  const found = findChromium();
  if (!found.ok) throw new Error(found.reason);
  const longest: string[][] = [];
  // What the page does is the same with each.
  const backends = isProfiled ? (['cpu'] as const) : (Object.keys(BACKENDS) as Backend[]);
  for (const backend of backends) {
    const seen: (readonly MainThreadTask[])[] = [];
    for (let run = 0; run < runs; run++) {
      const trace = await traceOf(found.path, backend);
      const tasks = mainThreadTasks(trace, START);
      seen.push(tasks);
      for (const task of tasks.filter(({ processorMs }) => processorMs > LONG_MS))
        longest.push(named(backend, task, trace));
    }
    say(
      `${BACKENDS[backend]}\n\n${tableOf(['phase', 'tasks', 'longest, median', 'longest', `over ${LONG_MS} ms, at most`], byPhase(seen))}\n`,
    );
  }
  if (longest.length > 0) say(tableOf(['backend', 'phase', 'task', 'most of it'], longest));
}

function byPhase(runs: readonly (readonly MainThreadTask[])[]): string[][] {
  const phases = [...new Set(runs.flat().map(({ phase }) => phase))];
  return [...phases, 'all'].map((name) => {
    const seen = runs.map((tasks) => tasks.filter(({ phase }) => name === 'all' || phase === name));
    const longest = seen.map((tasks) => Math.max(0, ...tasks.map(({ processorMs }) => processorMs)));
    return [
      name,
      whole(median(seen.map((tasks) => tasks.length))),
      milliseconds(median(longest), 1),
      milliseconds(Math.max(...longest), 1),
      whole(Math.max(...seen.map((tasks) => tasks.filter(({ processorMs }) => processorMs > LONG_MS).length))),
    ];
  });
}

function named(backend: Backend, task: MainThreadTask, trace: Trace): string[] {
  const most = (parts: readonly Part[], count: number) =>
    parts.slice(0, count).map(({ what, processorMs }) => `${what} ${processorMs.toFixed(0)}`);
  const parts = [...most(task.parts, NAMED_PARTS), ...most(functionsOf(trace, task), isProfiled ? 12 : 0)];
  return [BACKENDS[backend], task.phase, milliseconds(task.processorMs), parts.join(', ')];
}

async function traceOf(executablePath: string, backend: Backend): Promise<Trace> {
  const server = await startServer();
  const browser = await chromium.launch(launchOptions(executablePath));
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-sounds-'));
  try {
    await createTask(server, 'busy', { model: { zoo: 'mlp-2nn', seed: 1 } });
    await createTask(server, 'words', { template: 'keywords', model: { seed: 1 }, data: { sample: null } });
    const page = await PlainPage.open(browser);
    await browser.startTracing(undefined, { categories: isProfiled ? [...CATEGORIES, PROFILER] : CATEGORIES });
    await contribute(page, server, backend);
    await page.close();
    await bringSound(
      await PlainPage.open(browser),
      server,
      writeWav(join(folder, 'minute.wav'), 60, beeps(1_000), 48_000),
    );
    const trace = JSON.parse((await browser.stopTracing()).toString('utf8')) as Trace;
    if (isProfiled) writeFileSync(profile, JSON.stringify(trace));
    return trace;
  } finally {
    await browser.close();
    await server.dispose();
    rmSync(folder, { recursive: true });
  }
}

const LIST = 'ul[aria-label="Your examples, newest first"] li';
const hasState = (name: string): string => `document.querySelector('main')?.dataset.state === '${name}'`;

async function contribute(page: PlainPage, server: RunningServer, backend: Backend): Promise<void> {
  await page.go(contributeUrl(server, 'busy', `backend=${backend}&lang=en`));
  await page.until('document.querySelector(".pad") !== null');
  await page.begin('add samples');
  await page.press('Add sample data');
  await page.until(`document.querySelector('${LIST}') !== null`);
  await page.begin('join');
  await page.press('Join training');
  await page.press('Agree and join');
  await page.until(hasState('waiting'));
  for (const [phase, rounds] of [
    ['first round', 1],
    ['two more rounds', 2],
  ] as const) {
    await page.begin(phase);
    await startRounds(server, 'busy', rounds);
    const wanted = phase === 'first round' ? 1 : 3;
    await expectRounds(server, 'busy', (all) => all.filter(({ outcome }) => outcome === 'committed').length === wanted);
    await page.until(hasState('accepted'));
  }
  await page.begin('try it');
  await page.press('Try it');
  await page.until('document.querySelector(".try .pad") !== null');
  await page.draw('.try .pad', [
    [0.5, 0.2],
    [0.51, 0.4],
    [0.5, 0.6],
    [0.5, 0.8],
  ]);
  await page.until('/%/.test(document.querySelector(".try .bars")?.textContent ?? "")');
}

async function bringSound(page: PlainPage, server: RunningServer, path: string): Promise<void> {
  await page.begin(START);
  await page.go(contributeUrl(server, 'words'));
  await page.until(`document.querySelector('input[aria-label="Sound files"]') !== null`);
  await page.begin('a minute of sound');
  await page.choose('input[aria-label="Sound files"]', path);
  await page.until('document.querySelector("dialog[open] .upload-list li") !== null');
}
