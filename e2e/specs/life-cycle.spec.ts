import { chromium, expect, test } from 'playwright/test';
import { wholeChromium } from '../fixtures/browser.ts';
import { contributeUrl, createTask, expectRounds, startRounds } from '../fixtures/contribute.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { openWindow, type WindowTab } from '../fixtures/window.ts';

// Only windows are in front of each other.
test.use({ launchOptions: wholeChromium() });
test.describe.configure({ mode: 'default', timeout: 120_000 });
let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.dispose());

/** Work of many short steps, however many examples there are. */
const slowWork = { client: { epochs: null, maxSteps: 2_000, batchSize: 1 }, courtesy: { share: 1 } };

const stateOf = (tab: WindowTab): Promise<string> =>
  tab.evaluate(`document.querySelector('main')?.dataset.state ?? ''`);
const expectState = (tab: WindowTab, state: string | RegExp, timeout = 30_000) =>
  expect.poll(() => stateOf(tab), { timeout, intervals: [50] }).toMatch(state);
const press = (tab: WindowTab, name: string) =>
  tab.evaluate(`new Promise((resolve) => {
    const look = () => {
      const found = [...document.querySelectorAll('button')].find((one) => one.textContent.trim() === ${JSON.stringify(name)});
      if (found && !found.disabled) resolve(found.click());
      else setTimeout(look, 20);
    };
    look();
  })`);

async function join(tab: WindowTab): Promise<void> {
  await press(tab, 'Join training');
  await press(tab, 'Agree and join');
}
async function contribute(tab: WindowTab): Promise<void> {
  await expectState(tab, 'idle');
  await press(tab, 'Add sample data');
  await expect.poll(() => tab.evaluate(`document.querySelectorAll('.thumbnails li').length`)).toBeGreaterThan(0);
  await join(tab);
  await expectState(tab, 'waiting');
}

test('a tab in the background trains on; frozen it lets another tab take over, and back it asks before it does anything', {
  tag: '@long',
}, async ({ browser }) => {
  await createTask(server, 'life', slowWork);
  const window = await openWindow(browser);
  try {
    const tab = await window.open(contributeUrl(server, 'life'));
    const sent: string[] = [];
    tab.devtools.on('Network.webSocketFrameSent', ({ response }: { response: { payloadData: string } }) => {
      sent.push(/^\d+-?\["([a-z-]+)"/.exec(response.payloadData)?.[1] ?? 'other');
    });
    await contribute(tab);
    const other = await window.open(server.url);
    await other.toFront();
    await expect.poll(() => tab.evaluate('document.visibilityState')).toBe('hidden');

    await startRounds(server, 'life', 1);
    await expectState(tab, 'accepted', 60_000);
    expect(await tab.evaluate('document.visibilityState')).toBe('hidden');

    // Frozen in mid-training and back with its part alive: the first thing it says is a question.
    await startRounds(server, 'life', 1);
    await expectState(tab, 'training');
    await tab.freeze();
    const locks = `navigator.locks.query().then(({ held }) => held.length)`;
    await expect.poll(() => other.evaluate(locks)).toBe(0);
    sent.length = 0;
    await tab.thaw();
    await expectState(tab, 'accepted', 60_000);
    const told = sent.filter((event) => event !== 'other' && event !== 'progress');
    expect(told.slice(0, 2)).toEqual(['resume', 'report-begin']);

    // Frozen while another tab of the profile waits for its turn.
    const second = await window.open(contributeUrl(server, 'life'));
    await second.toFront();
    await join(second);
    await expectState(second, 'other-tab');
    await tab.freeze();
    const frozenMs = Date.now();
    await expectState(second, 'waiting');
    // Three times what is promised, on a busy machine.
    expect(Date.now() - frozenMs).toBeLessThan(6_000);
    await tab.thaw();
    await expectState(tab, 'other-tab');
    await startRounds(server, 'life', 1);
    await expectState(second, 'accepted', 60_000);
    expect(await stateOf(tab)).toBe('other-tab');
    const rounds = await expectRounds(server, 'life', (all) => all.filter(({ outcome }) => outcome).length >= 3);
    expect(rounds.map(({ outcome, accepted }) => [outcome, accepted])).toEqual(Array(3).fill(['committed', 1]));
  } finally {
    await window.close();
  }
});

test('a part that ended while the tab was frozen is not worked on any more', { tag: '@long' }, async ({ browser }) => {
  await createTask(server, 'over', slowWork);
  const window = await openWindow(browser);
  try {
    const tab = await window.open(contributeUrl(server, 'over'));
    await contribute(tab);
    await (await window.open('about:blank')).toFront();
    await startRounds(server, 'over', 1);
    await expectState(tab, 'training');
    await tab.freeze();
    await server.adminJson('/api/tasks/over/stop', { method: 'POST' });
    await expectRounds(server, 'over', ([first]) => first?.outcome === 'abandoned');
    await tab.thaw();
    await expectState(tab, /abandoned|waiting|late/);
    const [round] = await expectRounds(server, 'over', (all) => all.length === 1);
    expect(round).toMatchObject({ accepted: 0, late: 0 });
  } finally {
    await window.close();
  }
});

/** Playwright's own flags, by which no page is slowed down. */
const UNTHROTTLED = [
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

test('in the background, its timers slowed down to one turn a second, a round is trained and counted as quickly as ever', {
  tag: '@long',
}, async () => {
  await createTask(server, 'throttled', { client: { epochs: null, maxSteps: 30 }, courtesy: { share: 1 } });
  const browser = await chromium.launch({ ...wholeChromium(), ignoreDefaultArgs: [...UNTHROTTLED] });
  const window = await openWindow(browser);
  try {
    const tab = await window.open(contributeUrl(server, 'throttled'));
    await contribute(tab);
    const other = await window.open('about:blank');
    await other.toFront();
    await expect.poll(() => tab.evaluate('document.visibilityState')).toBe('hidden');
    // Five timers of 20 ms, one after the other: each waits for the next second.
    const fiveTimers = `(async () => {
      const setMs = performance.now();
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 20));
      return performance.now() - setMs;
    })()`;
    await expect.poll(() => tab.evaluate(fiveTimers), { timeout: 60_000 }).toBeGreaterThan(3_000);
    await startRounds(server, 'throttled', 1);
    await expectRounds(server, 'throttled', ([first]) => first?.outcome === 'committed' && first.accepted === 1);
    expect(await tab.evaluate('document.visibilityState')).toBe('hidden');
    const [round] = await server.adminJson<{ startedAt: string; endedAt: string }[]>('/api/tasks/throttled/rounds');
    const tookMs = Date.parse(round?.endedAt ?? '') - Date.parse(round?.startedAt ?? '');
    console.log(`a round of a throttled tab: ${tookMs} ms`);
    expect(tookMs).toBeLessThan(10_000);
  } finally {
    await window.close();
    await browser.close();
  }
});

test('a task or a person who wants it that way: in the background nothing is trained', { tag: '@long' }, async ({
  browser,
}) => {
  await createTask(server, 'in-sight', { courtesy: { hidden: 'pause' } });
  const window = await openWindow(browser);
  try {
    const tab = await window.open(contributeUrl(server, 'in-sight'));
    await contribute(tab);
    const other = await window.open('about:blank');
    await other.toFront();
    await expectState(tab, 'paused');
    expect(await tab.evaluate(`document.querySelector('main').dataset.reason`)).toBe('hidden');
    await tab.toFront();
    await expectState(tab, 'waiting');
  } finally {
    await window.close();
  }
});
