import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright';
import { findChromium, launchOptions } from '../fixtures/browser.ts';
import { type ApiRound, contributeUrl, createTask, expectRounds, startRounds } from '../fixtures/contribute.ts';
import { png } from '../fixtures/png.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { beeps, writeWav } from '../fixtures/sound.ts';
import { functionsOf, type MainThreadTask, mainThreadTasks, type Part, type Trace } from './main-thread-tasks.ts';
import { type BenchOptions, chosenOf } from './options.ts';
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

/** What a person does, in a browser of its own. */
interface Scene {
  readonly title: string;
  readonly act: (browser: Browser, server: RunningServer, folder: string) => Promise<void>;
}

/** A round of the `cnn` takes 15 to 25 s on two cores, and longer than a minute where others use them too. */
const ROUNDS_WITHIN_MS = 300_000;

/** A name for this machine that is no `localhost`: over plain http its pages are not secure contexts. */
const LAN_HOST = 'laptop.test';
const LARGE = '`cnn` on WASM';

const SCENES: readonly Scene[] = [
  ...(Object.keys(BACKENDS) as Backend[])
    // What the page does is the same with each.
    .filter((backend) => !isProfiled || backend === 'cpu')
    .map((backend) => ({
      title: BACKENDS[backend],
      act: async (browser: Browser, server: RunningServer, folder: string) => {
        const page = await PlainPage.open(browser);
        await contribute(page, server, 'busy', backend);
        await tryIt(page);
        await page.close();
        await bringSound(
          await PlainPage.open(browser),
          server,
          writeWav(join(folder, 'minute.wav'), 60, beeps(1_000), 48_000),
        );
      },
    })),
  {
    title: LARGE,
    act: async (browser, server) => {
      const page = await PlainPage.open(browser);
      await contribute(page, server, 'large', 'wasm');
      await tryIt(page);
      await fitToOwn(page);
      await page.begin('the kept fit after a reload');
      await page.go(contributeUrl(server, 'large', 'backend=wasm&lang=en'));
      await page.press('Try it');
      await page.until(hasButton('Fit again'));
    },
  },
  {
    title: `${LARGE} with SCAFFOLD`,
    act: async (browser, server) => contribute(await PlainPage.open(browser), server, 'scaffold', 'wasm'),
  },
  {
    title: `${LARGE} with steps of 8 bits both ways`,
    act: async (browser, server) => {
      await contribute(await PlainPage.open(browser), server, 'steps', 'wasm');
      const rounds = await server.adminJson<readonly { readonly downlinkBytes: number }[]>('/api/tasks/steps/rounds');
      const bytes = rounds.map(({ downlinkBytes }) => downlinkBytes);
      if (Math.min(...bytes) * 3 > Math.max(...bytes)) throw new Error(`no steps came: ${bytes} bytes went down`);
    },
  },
  {
    title: `${LARGE} over plain http`,
    act: async (browser, server) => {
      const lan = { ...server, url: `http://${LAN_HOST}:${server.port}` };
      const page = await PlainPage.open(browser);
      await contribute(page, lan, 'large', 'wasm');
      await tryIt(page);
      if (await page.look('isSecureContext')) throw new Error(`${lan.url} is a secure context`);
    },
  },
  {
    title: 'files of one’s own',
    act: async (browser, server, folder) => {
      await bringPictures(await PlainPage.open(browser), server, folder);
      await bringTable(await PlainPage.open(browser), server, folder);
    },
  },
];

/**
 * Tasks of the contributor's page on its main thread, by what the person does: from the start of the page over samples,
 * consent, three rounds and a drawing to try; and bringing sound, pictures and a table. Processor time of the thread,
 * which other programs on the machine do not lengthen.
 */
export async function benchMainThread(
  runs: number,
  say: (line: string) => void,
  { rows }: Pick<BenchOptions<string>, 'rows'>,
): Promise<void> {
  const found = findChromium();
  if (!found.ok) throw new Error(found.reason);
  const longest: string[][] = [];
  const titles = SCENES.map(({ title }) => title);
  const chosen = chosenOf(titles, rows);
  for (const scene of SCENES.filter(({ title }) => chosen.includes(title))) {
    const seen: (readonly MainThreadTask[])[] = [];
    for (let run = 0; run < runs; run++) {
      const trace = await traceOf(found.path, scene);
      const tasks = mainThreadTasks(trace, START);
      seen.push(tasks);
      for (const task of tasks.filter(({ processorMs }) => processorMs > LONG_MS))
        longest.push(named(scene, task, trace));
    }
    say(
      `${scene.title}\n\n${tableOf(['phase', 'tasks', 'longest, median', 'longest', `over ${LONG_MS} ms, at most`], byPhase(seen))}\n`,
    );
  }
  if (longest.length > 0) say(tableOf(['scene', 'phase', 'task', 'most of it'], longest));
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

function named({ title }: Scene, task: MainThreadTask, trace: Trace): string[] {
  const most = (parts: readonly Part[], count: number) =>
    parts.slice(0, count).map(({ what, processorMs }) => `${what} ${processorMs.toFixed(0)}`);
  const parts = [...most(task.parts, NAMED_PARTS), ...most(functionsOf(trace, task), isProfiled ? 12 : 0)];
  return [title, task.phase, milliseconds(task.processorMs), parts.join(', ')];
}

async function traceOf(executablePath: string, { act }: Scene): Promise<Trace> {
  const server = await startServer();
  const browser = await chromium.launch(
    launchOptions(executablePath, `--host-resolver-rules=MAP ${LAN_HOST} 127.0.0.1`),
  );
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-files-'));
  try {
    // One contributor's few examples may make a worse model: what is measured is the page.
    const guard = { drop: 1 };
    await createTask(server, 'busy', { model: { zoo: 'mlp-2nn', seed: 1 }, guard });
    const large = { model: { zoo: 'cnn', seed: 1 }, guard } as const;
    await createTask(server, 'large', large);
    await createTask(server, 'scaffold', {
      ...large,
      client: { work: 'scaffold' },
      strategy: { name: 'scaffold', weighting: 'uniform' },
    });
    await createTask(server, 'steps', {
      ...large,
      codec: { up: 'uniform-8-rotated', down: 'uniform-8-rotated', range: 0.1 },
    });
    for (const [id, template] of [
      ['words', 'keywords'],
      ['trips', 'table'],
    ] as const)
      await createTask(server, id, { template, model: { seed: 1 }, data: { sample: null } });
    await browser.startTracing(undefined, { categories: isProfiled ? [...CATEGORIES, PROFILER] : CATEGORIES });
    await act(browser, server, folder);
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
const hasButton = (name: string): string =>
  `[...document.querySelectorAll('button')].some((one) => one.textContent.trim() === '${name}')`;
const hasState = (name: string): string => `document.querySelector('main')?.dataset.state === '${name}'`;

async function contribute(page: PlainPage, server: RunningServer, task: string, backend: Backend): Promise<void> {
  await page.go(contributeUrl(server, task, `backend=${backend}&lang=en`));
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
    await startRounds(server, task, rounds);
    const wanted = phase === 'first round' ? 1 : 3;
    try {
      const areDone = (all: readonly ApiRound[]): boolean =>
        all.filter(({ outcome }) => outcome === 'committed').length === wanted;
      await expectRounds(server, task, areDone, { timeout: ROUNDS_WITHIN_MS });
    } catch (error) {
      const shown = await page.look('JSON.stringify({ ...document.querySelector("main").dataset })');
      throw new Error(`the round did not commit; the page shows ${shown}`, { cause: error });
    }
    await page.until(hasState('accepted'));
  }
}

async function tryIt(page: PlainPage): Promise<void> {
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

/** A model of one's own, once the tab trains no more for others. */
async function fitToOwn(page: PlainPage): Promise<void> {
  await page.begin('leave');
  await page.press('Leave');
  await page.until(hasState('left'));
  await page.begin('fit to my examples');
  await page.press('Fit to my examples');
  await page.until(hasButton('Fit again'));
}

async function bringSound(page: PlainPage, server: RunningServer, path: string): Promise<void> {
  await page.begin(START);
  await page.go(contributeUrl(server, 'words'));
  await page.until(`document.querySelector('input[aria-label="Sound files"]') !== null`);
  await page.begin('a minute of sound');
  await page.choose('input[aria-label="Sound files"]', path);
  await page.until('document.querySelector("dialog[open] .upload-list li") !== null');
}

/** As a telephone's camera takes them: twelve megapixels. */
async function bringPictures(page: PlainPage, server: RunningServer, folder: string): Promise<void> {
  const picture = png(4_000, 3_000, (x, y) => (((x * y) >> 9) ^ x) & 255);
  const paths = Array.from({ length: 20 }, (_, index) => {
    const path = join(folder, `${index}.png`);
    writeFileSync(path, picture);
    return path;
  });
  await page.begin(START);
  await page.go(contributeUrl(server, 'busy'));
  await page.until(`document.querySelector('input[type=file]') !== null`);
  await page.begin('20 pictures of 12 megapixels');
  await page.choose('input[type=file]', ...paths);
  await page.until(`document.querySelectorAll('dialog[open] .upload-list li').length === ${paths.length}`);
}

async function bringTable(page: PlainPage, server: RunningServer, folder: string): Promise<void> {
  const header = 'distance_km,hour,day,weather,vehicle,minutes';
  const row = (index: number) => `${(index % 97) / 4},${index % 24},workday,dry,bus,${(index % 89) / 2}`;
  const path = join(folder, 'trips.csv');
  writeFileSync(path, `${[header, ...Array.from({ length: 50_000 }, (_, index) => row(index))].join('\n')}\n`);
  await page.begin(START);
  await page.go(contributeUrl(server, 'trips'));
  await page.until(`document.querySelector('input[type=file]') !== null`);
  await page.begin('a table of 50,000 rows');
  await page.choose('input[type=file]', path);
  await page.press('Add rows');
  await page.until(`document.querySelector('${LIST}') !== null`);
}
