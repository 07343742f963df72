import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright';
import { createApp } from '../../server/app.ts';
import { readConfig } from '../../server/config.ts';
import type { TaskId } from '../../shared/ids.ts';
import { namedScoreText } from '../../shared/protocol/score-text.ts';
import { ensureChromium, launchOptions } from '../fixtures/browser.ts';
import { bestAlone } from './alone.ts';
import { type ApiRound, figuresOf, lineOf } from './figures.ts';
import { describeRound, keepingReports, keepVersion } from './kept-reports.ts';
import { type DemoOptions, HELP, readOptions } from './options.ts';
import { backendOf, openContributor } from './tabs.ts';
import { endedRound, type ScoredCheckpoint, scoredCheckpoint } from './waiting.ts';

const ADMIN_TOKEN = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex');
/** After the deadlines of a round, for its commit. */
const COMMIT_MS = 120_000;
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
  let browser: Browser | undefined;
  try {
    const api = apiOf(app.url, config.value.adminToken ?? ADMIN_TOKEN);
    if ((await api<{ id: string }[]>('/api/tasks')).some(({ id }) => id === options.task)) {
      console.error(
        `The data folder ${config.value.dataFolder} has a task ${options.task} already. The demo makes its own: leave FEDTAB_DATA unset for a fresh folder, or name an empty one.`,
      );
      return 2;
    }
    browser = await chromium.launch(launchOptions(found.path));
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
    await browser?.close();
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
async function run(options: DemoOptions, url: string, api: Api, browser: Browser): Promise<boolean> {
  const task = options.task as string as TaskId;
  const goal = { goal: options.tabs, minimum: Math.min(2, options.tabs) };
  await api('/api/tasks', {
    template: options.task,
    rounds: goal,
    // These tabs are nobody's but the demo's.
    courtesy: { share: 1 },
  });
  say(`Fedtab listens on ${url}. Opening ${options.tabs} tabs …`);
  const contributors = await Promise.all(
    Array.from({ length: options.tabs }, () => openContributor(browser, url, options)),
  );
  const counts = contributors.map(({ samples }) => samples.targets.length);
  say(`Their examples: ${counts.map((count) => count.toLocaleString('en-US')).join(', ')}`);
  const path = `/api/tasks/${task}`;
  const { spec } = await api<ApiTask>(path);
  const { selectionDeadlineMs, reportingDeadlineMs } = spec.rounds;
  // A round ends by its own deadlines; what comes on top is the commit on a busy machine.
  const patience = { limitMs: selectionDeadlineMs + reportingDeadlineMs + COMMIT_MS };

  const initial = await scoredCheckpoint(api, path, 0);
  say(`version 0  ${namedScoreText(initial.metrics, 2)}`);
  const keep = async (checkpoint: ScoredCheckpoint): Promise<void> => {
    if (options.keepReports === null) return;
    const weights = await fetch(`${url}/weights/${checkpoint.sha256}`);
    await keepVersion(options.keepReports, checkpoint.version, new Uint8Array(await weights.arrayBuffer()));
  };
  await keep(initial);

  await api(`${path}/rounds`, { count: options.rounds });
  const rounds: ApiRound[] = [];
  for (let number = 1; ; number++) {
    const round = await endedRound(api, path, number, patience);
    if (round === null) break;
    const made = round.version === undefined ? null : await scoredCheckpoint(api, path, round.version);
    const final = made === null ? round : { ...round, metrics: made.metrics };
    rounds.push(final);
    say(lineOf(final));
    if (made !== null) await keep(made);
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
    const last = await scoredCheckpoint(api, path, (await api<ApiTask>(path)).version);
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

const options = readOptions(process.argv.slice(2));
if (options === 'help') say(HELP);
else if ('problem' in options) {
  console.error(`${options.problem}\n\n${HELP}`);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await demo(options);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
