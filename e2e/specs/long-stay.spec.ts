import { arch, cpus, platform } from 'node:os';
import { type CDPSession, expect, type Page, test } from 'playwright/test';
import {
  addSamples,
  agreeAndJoin,
  contributeUrl,
  createTask,
  expectState,
  fewSamples,
  startRounds,
} from '../fixtures/contribute.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { type SubSession, subSession } from '../fixtures/sub-session.ts';

let server: RunningServer;
test.beforeAll(async () => {
  // It may run for an hour behind everything else on a machine: nothing here is about how fast it starts.
  test.setTimeout(600_000);
  server = await startServer({ startMs: 500_000 });
});
test.afterAll(() => server.dispose());

const TASK = 'stay';

/** Starts so many rounds and waits until the task has that version: each adds one. */
async function roundsUpTo(version: number, count: number): Promise<void> {
  await startRounds(server, TASK, count);
  await expect
    .poll(async () => (await server.adminJson<{ version: number }>(`/api/tasks/${TASK}`)).version, {
      intervals: [500],
      timeout: 3_600_000,
    })
    .toBe(version);
}

/** What the tab holds, garbage apart. */
async function held(page: Page, session: CDPSession, worker: SubSession) {
  // Twice: what the first collection ends may hold on to more.
  for (let turn = 0; turn < 2; turn++) {
    await worker.send('HeapProfiler.collectGarbage');
    await session.send('HeapProfiler.collectGarbage');
  }
  const { usedSize: workerBytes } = await worker.send<{ usedSize: number }>('Runtime.getHeapUsage');
  const { usedSize: pageBytes } = await session.send('Runtime.getHeapUsage');
  const { nodes } = await session.send('Memory.getDOMCounters');
  const device = await page.workers()[0]?.evaluate(() => {
    interface Memory {
      readonly numTensors: number;
      readonly numBytesInGPU: number;
      readonly numBytesInGPUAllocated: number;
    }
    const { numTensors, numBytesInGPU, numBytesInGPUAllocated } = (
      globalThis as unknown as { _tfengine: { memory(): Memory } }
    )._tfengine.memory();
    return { numTensors, numBytesInGPU, numBytesInGPUAllocated };
  });
  return { device, workerBytes, pageBytes, nodes };
}

// The whole of a round, three hundred times: check-in, weights down, training on WebGL, a report in chunks, its receipt, the page.
test('three hundred rounds through one open page: tensors and GPU memory as after 100, the heaps within 10 % of it', {
  tag: '@long',
}, async ({ page, context }) => {
  test.setTimeout(4_000_000);
  await createTask(server, TASK, { client: { batchSize: 20 } });
  await fewSamples(context, 20);
  const session = await context.newCDPSession(page);
  const attached = new Promise<SubSession>((resolve) =>
    session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') resolve(subSession(session, sessionId));
    }),
  );
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  await page.goto(contributeUrl(server, TASK, 'backend=webgl&lang=en'));
  await addSamples(page);
  await agreeAndJoin(page);
  await expectState(page, 'waiting', { timeout: 600_000 });
  await expect(page.locator('main')).toHaveAttribute('data-backend', 'webgl');
  const worker = await attached;

  const startMs = Date.now();
  await roundsUpTo(100, 100);
  const before = await held(page, session, worker);
  await roundsUpTo(300, 200);
  const after = await held(page, session, worker);
  console.log(
    [
      `300 rounds in ${Math.round((Date.now() - startMs) / 1_000)} s`,
      `${cpus().length} × ${cpus()[0]?.model}, ${platform()} ${arch()}, Chromium ${context.browser()?.version()}`,
      `after 100: ${JSON.stringify(before)}`,
      `after 300: ${JSON.stringify(after)}`,
    ].join('\n'),
  );
  expect(page.workers()).toHaveLength(1);
  expect(before.device?.numTensors).toBeGreaterThan(0);
  expect(after.device).toEqual(before.device);
  expect(after.workerBytes).toBeLessThan(1.1 * before.workerBytes);
  expect(after.pageBytes).toBeLessThan(1.1 * before.pageBytes);
  expect(after.nodes).toBeLessThan(1.1 * before.nodes);
});
