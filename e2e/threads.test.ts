import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startThread } from '../server/worker-threads.ts';
import { seededRng } from '../shared/rng.ts';

const echo = '../e2e/fixtures/echo-worker';

test('a thread runs TypeScript with the shared code and the database driver, and vectors move through it', async () => {
  const thread = startThread(echo, { workerData: { seed: 3 } });
  const sent = new Float32Array([1, 2, 3]);
  thread.postMessage(sent, [sent.buffer]);
  const [{ vector, first }] = await once(thread, 'message');
  expect(sent.length).toBe(0);
  expect([...vector]).toEqual([42, 2, 3]);
  expect(first).toBe(seededRng(3).uint32());
  expect(await thread.terminate()).toBe(1);
});

test('a thread whose entry is not there says so', async () => {
  const thread = startThread('no-such-worker');
  const [error] = await once(thread, 'error').catch((thrown: unknown) => [thrown]);
  expect(String(error)).toContain('no-such-worker');
});
