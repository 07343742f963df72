import { type BrowserContext, expect, type Page, test } from 'playwright/test';
import type { TaskId } from '../../shared/ids.ts';
import { PARTICIPATION_STATES, type ParticipationState } from '../../web/client/view.ts';
import { Contributors } from '../crash/contributors.ts';
import { Gate } from '../crash/one-hot.ts';
import {
  addSamples,
  agreeAndJoin,
  contribute,
  contributeUrl,
  createTask,
  expectRounds,
  expectState,
  fewSamples,
  startRounds,
} from '../fixtures/contribute.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { cut, gateSockets, holding, isAttached, isEvent, type SocketGate, speaking } from '../fixtures/socket-gate.ts';

let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.dispose());

interface Closing {
  readonly state: ParticipationState;
  /** What the state needs of the task. */
  readonly task?: object;
  /** What of the tab's socket is kept back, so that the state lasts. */
  readonly gate?: SocketGate;
  /** From the opened page to the state, or to `waiting` where the state belongs to a round. */
  readonly bring?: (page: Page) => Promise<void>;
  /** Asks for the round in which the state comes; else the round comes after the tab has gone. */
  readonly inRound?: (page: Page, task: string) => Promise<void>;
  /** The last round, which has one contributor more who reports when the tab is closed. */
  readonly counted: { readonly accepted: number; readonly dropped: number };
}

const alone = { accepted: 1, dropped: 0 };
const withoutTheTab = { accepted: 1, dropped: 1 };
const withTheTab = { accepted: 2, dropped: 0 };

async function joinWithSamples(page: Page): Promise<void> {
  await addSamples(page);
  await agreeAndJoin(page);
}
const onlineIn = async (task: string): Promise<number> =>
  (await server.adminJson<{ online: number }>(`/api/tasks/${task}`)).online;
const ask = async (_page: Page, task: string): Promise<void> => void (await startRounds(server, task, 1));
const long = { client: { epochs: 1_000, batchSize: 1 } };

/** One of the two is drawn for each round: until it is the other. */
async function untilNotDrawn(page: Page, task: string): Promise<void> {
  for (let isDrawn = true; isDrawn; ) {
    await expectState(page, 'waiting');
    await startRounds(server, task, 1);
    const told = await page.waitForFunction(
      () => ['not-selected', 'accepted'].find((name) => document.querySelector('main')?.dataset['state'] === name),
      null,
      { polling: 50 },
    );
    isDrawn = (await told.jsonValue()) === 'accepted';
  }
}

const IN_A_ROUND: readonly Closing[] = [
  { state: 'training', task: long, inRound: ask, counted: withoutTheTab },
  { state: 'downloading', gate: holding('server', isAttached), inRound: ask, counted: withoutTheTab },
  { state: 'uploading', gate: holding('page', isAttached), inRound: ask, counted: withoutTheTab },
  {
    state: 'paused',
    task: long,
    async inRound(page, task) {
      await ask(page, task);
      await expectState(page, 'training');
      await page.getByRole('button', { name: 'Pause' }).click();
    },
    counted: withoutTheTab,
  },
  { state: 'accepted', inRound: ask, counted: withTheTab },
  { state: 'not-selected', task: { rounds: { goal: 1, minimum: 1 } }, inRound: untilNotDrawn, counted: alone },
  { state: 'waiting', counted: alone },
  {
    state: 'other-tab',
    async bring(page) {
      const first = await page.context().newPage();
      await contribute(first, server, 'closed-other-tab');
      await agreeAndJoin(page);
    },
    counted: withTheTab,
  },
  {
    state: 'preparing',
    async bring(page) {
      await page.route('**/trainer.js', () => {});
      await joinWithSamples(page);
    },
    counted: alone,
  },
  { state: 'connecting', gate: holding('server', isEvent), counted: alone },
  { state: 'server-away', gate: cut, counted: alone },
];

/** The tab has no part in a round, or none any more. */
const OUTSIDE_ROUNDS: readonly Closing[] = [
  { state: 'idle', bring: addSamples, counted: alone },
  { state: 'needs-data', bring: agreeAndJoin, counted: alone },
  {
    state: 'left',
    async bring(page) {
      await joinWithSamples(page);
      await expectState(page, 'waiting');
      await page.getByRole('button', { name: 'Leave' }).click();
    },
    counted: alone,
  },
  { state: 'error', gate: speaking(99), counted: alone },
  {
    state: 'paused-data',
    async bring(page) {
      await page.addInitScript(() => {
        const connection = Object.assign(new EventTarget(), { saveData: true, type: 'wifi' });
        Object.defineProperty(navigator, 'connection', { value: connection });
      });
      await page.reload();
      await joinWithSamples(page);
    },
    counted: alone,
  },
  {
    state: 'abandoned',
    task: long,
    async bring(page) {
      await joinWithSamples(page);
      await expectState(page, 'waiting');
      await startRounds(server, 'closed-abandoned', 1);
      await expectState(page, 'training');
      await server.adminJson('/api/tasks/closed-abandoned/stop', { body: {} });
    },
    counted: alone,
  },
];

/** States that no tab is closed in here, each with why nothing of the round can hang on the tab then. */
const NOTHING_IS_KEPT: Partial<Readonly<Record<ParticipationState, string>>> = {
  late: 'the server has ended the part and counted it, as with `accepted`',
  surplus: 'the server has ended the part and counted it, as with `accepted`',
  rejected: 'the server has ended the part and counted it, as with `accepted`',
  'paused-battery': '`paused-data` with another cause',
  unsupported: 'there is no session, as with `idle`',
};

/** Brings a tab to the state and closes it; resolves, while its round still runs, to what lets the other report and waits for the end. */
async function closeIn(closing: Closing, context: BrowserContext): Promise<() => Promise<void>> {
  const { state: name, task, gate, bring = joinWithSamples, inRound, counted } = closing;
  const id = `closed-${name}`;
  await createTask(server, id, { rounds: { goal: 2, minimum: 1, selectionDeadlineMs: 2_000 }, ...task });
  const reporting = new Gate();
  const other = new Contributors(server.url, id as TaskId, 1, reporting);
  await other.start();
  const page = await context.newPage();
  if (gate !== undefined) await gateSockets(page, gate);
  await page.goto(contributeUrl(server, id));
  await bring(page);
  if (inRound !== undefined) {
    await expectState(page, 'waiting', { timeout: 30_000 });
    await inRound(page, id);
  }
  await expectState(page, name, { timeout: 30_000 });
  await page.close();
  if (inRound === undefined) {
    await expect.poll(() => onlineIn(id), `${name}: the tab has gone`).toBe(counted.accepted);
    await startRounds(server, id, 1);
  }
  return async () => {
    await other.until(() => other.roundOfAll() !== null, `${name}: the other trains`);
    reporting.open(other.roundOfAll() ?? 0, [0]);
    const rounds = await expectRounds(server, id, (all) => all.every(({ outcome }) => outcome !== null));
    expect(rounds.at(-1), name).toMatchObject({ outcome: 'committed', late: 0, surplus: 0, ...counted });
    await other.close();
  };
}

test('each state is closed in, or it is said why nothing is kept there', () => {
  const closedIn = [...IN_A_ROUND, ...OUTSIDE_ROUNDS].map(({ state }) => state);
  expect([...closedIn, ...Object.keys(NOTHING_IS_KEPT)].toSorted()).toEqual([...PARTICIPATION_STATES].toSorted());
});

for (const [where, closings, tag] of [
  ['with a part in a round, or waiting for one', IN_A_ROUND, []],
  ['with none, or none any more', OUTSIDE_ROUNDS, ['@long']],
] as const) {
  test(`a tab closed in each state ${where}: the round ends, what the others did counts, and the server stays well`, {
    tag: [...tag],
  }, async ({ context }) => {
    test.setTimeout(240_000);
    await fewSamples(context, 20);
    // A task each, one tab after the other. A part is kept ten seconds for a tab that may come back: nobody waits for that.
    const ended: Promise<void>[] = [];
    for (const closing of closings) {
      const end = await closeIn(closing, context);
      ended.push(end());
    }
    await Promise.all(ended);
    for (const page of context.pages()) await page.close();
    for (const { state: name } of closings) {
      await expect.poll(() => onlineIn(`closed-${name}`), name).toBe(0);
    }
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect(server.log()).not.toMatch(/"level":[56]0/);
  });
}
