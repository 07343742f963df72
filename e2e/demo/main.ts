import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { createApp } from '../../server/app.ts';
import { readConfig } from '../../server/config.ts';
import type { TaskId } from '../../shared/ids.ts';
import type { Score } from '../../shared/protocol/index.ts';
import { namedScoreText } from '../../shared/protocol/score-text.ts';
import { ensureChromium, launchOptions } from '../fixtures/browser.ts';
import { bestAlone } from './alone.ts';
import { type ApiRound, figuresOf, lineOf } from './figures.ts';
import { describeRound, keepingReports, keepVersion } from './kept-reports.ts';
import { type DemoOptions, HELP, readOptions } from './options.ts';
import { backendOf, openContributor } from './tabs.ts';

const ADMIN_TOKEN = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex');
const say = (line: string): void => console.log(line);

/** A server on SQLite in this process, real tabs, rounds; returns the exit code. */
async function demo(options: DemoOptions): Promise<number> {
  const found = ensureChromium();
  if (!found.ok) {
    console.error(`not possible here: ${found.reason}`);
    return 1;
  }
  const ownFolder = process.env.FEDTAB_DATA === undefined ? await mkdtemp(join(tmpdir(), 'fedtab-demo-')) : null;
  const config = readConfig([], {
    FEDTAB_PORT: '0',
    FEDTAB_LOG: 'warn',
    ...process.env,
    ...(ownFolder === null ? {} : { FEDTAB_DATA: ownFolder }),
    FEDTAB_ADMIN_TOKEN: process.env.FEDTAB_ADMIN_TOKEN ?? ADMIN_TOKEN,
  });
  if (!config.ok || config.value === 'help') {
    for (const problem of config.ok ? [] : config.failure) console.error(`${problem.path}: ${problem.message}`);
    return 2;
  }
  const { keepReports } = options;
  const app = await createApp(config.value, {
    spool: (spool) => (keepReports === null ? spool : keepingReports(spool, keepReports)),
  });
  const browser = await chromium.launch(launchOptions(found.path));
  try {
    const api = apiOf(app.url, config.value.adminToken ?? ADMIN_TOKEN);
    const isDone = await run(options, app.url, api, browser);
    if (!options.exit) {
      say(`\nServing on. Contribute: ${app.url}/contribute/${options.task}\nAdmin: ${app.adminLink}\nCtrl-C ends it.`);
      await new Promise<void>((resolve) => {
        process.once('SIGINT', resolve);
        process.once('SIGTERM', resolve);
      });
    }
    return isDone ? 0 : 1;
  } finally {
    await browser.close();
    await app.close();
    if (ownFolder !== null) await rm(ownFolder, { recursive: true, force: true });
  }
}

type Api = <Answer>(path: string, body?: unknown) => Promise<Answer>;

const apiOf =
  (url: string, token: string): Api =>
  async <Answer>(path: string, body?: unknown) => {
    const response = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Answer;
  };

interface ApiTask {
  readonly version: number;
  readonly roundsLeft: number;
  readonly state: string;
  readonly spec: Parameters<typeof bestAlone>[0];
}
interface ApiCheckpoint {
  readonly version: number;
  readonly sha256: string;
  readonly metrics: Score | null;
}

async function run(
  options: DemoOptions,
  url: string,
  api: Api,
  browser: Awaited<ReturnType<typeof chromium.launch>>,
): Promise<boolean> {
  const task = options.task as string as TaskId;
  const goal = { goal: options.tabs, minimum: Math.min(2, options.tabs) };
  await api('/api/tasks', { template: options.task, rounds: goal });
  say(`Fedtab listens on ${url}. Opening ${options.tabs} tabs with ${options.examples} examples each …`);
  const contributors = await Promise.all(
    Array.from({ length: options.tabs }, () => openContributor(browser, url, options)),
  );
  const { spec } = await api<ApiTask>(`/api/tasks/${task}`);

  const initial = await scored(api, task, 0);
  say(`version 0  ${namedScoreText(initial.metrics, 2)}`);
  const keep = async (checkpoint: ApiCheckpoint): Promise<void> => {
    if (options.keepReports === null) return;
    const weights = await fetch(`${url}/weights/${checkpoint.sha256}`);
    await keepVersion(options.keepReports, checkpoint.version, new Uint8Array(await weights.arrayBuffer()));
  };
  await keep(initial);

  await api(`/api/tasks/${task}/rounds`, { count: options.rounds });
  const rounds: ApiRound[] = [];
  for (let number = 1; ; number++) {
    const round = await ended(api, task, number);
    if (round === null) break;
    const final =
      round.version === undefined ? round : { ...round, metrics: (await scored(api, task, round.version)).metrics };
    rounds.push(final);
    say(lineOf(final));
    if (round.version !== undefined) await keep(await scored(api, task, round.version));
    if (options.keepReports !== null) {
      const { weighting } = spec.strategy;
      await describeRound(options.keepReports, { ...round, version: round.version ?? null }, weighting);
    }
  }
  const clients = await Promise.all(
    contributors.map(async ({ page }) => ({ ...(await backendOf(page)), requested: options.backend })),
  );
  for (const { backend, reason } of new Map(clients.map((client) => [client.backend, client])).values())
    say(`trained on ${backend}${reason === null ? '' : ` (${reason})`}`);

  const alone = await bestAlone(
    spec,
    contributors.map(({ samples }) => samples),
    options.rounds,
  );
  if (alone !== null) say(`The best tab alone, same start and steps: ${namedScoreText(alone, 2)}`);
  else
    say('What a tab alone would have reached was not computed: this model cannot be trained here without a browser.');

  if (options.json !== null) {
    const last = await scored(api, task, (await api<ApiTask>(`/api/tasks/${task}`)).version);
    const figures = {
      task: options.task,
      config: { ...options, spec },
      clients,
      initial: { version: 0, ...initial.metrics },
      rounds: rounds.map(figuresOf),
      final: { version: last.version, ...last.metrics },
      bestTabAlone: alone,
    };
    await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
  }
  return rounds.length >= options.rounds && rounds.every(({ outcome }) => outcome === 'committed');
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

/** Round `number` once it has ended; null when the task stopped before it began. */
async function ended(api: Api, task: TaskId, number: number): Promise<ApiRound | null> {
  for (;;) {
    const { state, roundsLeft } = await api<ApiTask>(`/api/tasks/${task}`);
    const round = (await api<ApiRound[]>(`/api/tasks/${task}/rounds`)).find((one) => one.number === number);
    if (round !== undefined && round.outcome !== null) return round;
    if (round === undefined && (state === 'paused' || (state === 'idle' && roundsLeft === 0))) return null;
    await pause();
  }
}

/** The checkpoint of a version once the server has scored it. */
async function scored(api: Api, task: TaskId, version: number): Promise<ApiCheckpoint> {
  for (;;) {
    const checkpoint = (await api<ApiCheckpoint[]>(`/api/tasks/${task}/checkpoints`)).find(
      (one) => one.version === version,
    );
    if (checkpoint !== undefined && checkpoint.metrics !== null) return checkpoint;
    await pause();
  }
}

const options = readOptions(process.argv.slice(2));
if (options === 'help') say(HELP);
else if ('problem' in options) {
  console.error(`${options.problem}\n\n${HELP}`);
  process.exitCode = 2;
} else process.exitCode = await demo(options);
