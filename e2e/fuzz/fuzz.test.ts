import { expect, test } from 'vitest';
import { LOGIN_STATES, TASK_STATES } from './admin-steps.ts';
import { fuzzAdmin } from './against-admin.ts';
import { fuzzClient } from './against-client.ts';
import { fuzzServer } from './against-server.ts';
import { watchedServer } from './fuzzed-server.ts';
import { handledIn, tooLong } from './handled.ts';
import { STATES } from './steps.ts';

// `npm run fuzz` goes on for longer, with figures of the event loop.
const seed = Number(process.env['FUZZ_SEED'] ?? 655_003_145);

test(`threats C11 C12: 20,000 messages in every state: the server lives, logs no fault, is not held up and keeps no memory (FUZZ_SEED=${seed})`, async () => {
  const { failure, messages, seen, heldBeforeBytes, heldAfterBytes } = await fuzzServer({ seed, runs: 24 });
  expect(failure).toBe(null);
  expect(messages).toBeGreaterThan(20_000);
  expect(Object.keys(seen).toSorted()).toEqual([...STATES].toSorted());
  expect(heldAfterBytes / heldBeforeBytes).toBeLessThan(1.05);
}, 300_000);

test(`threat N1: whatever a server says, the client neither throws nor hangs (FUZZ_SEED=${seed})`, async () => {
  const { failure, messages } = await fuzzClient({ seed, runs: 200 });
  expect(failure).toBe(null);
  expect(messages).toBeGreaterThan(5_000);
});

test(`threats C11 C12: calls of every route and dashboards, in every state: the same, and none is granted to who may not (FUZZ_SEED=${seed})`, async () => {
  const { failure, messages, seen, heldBeforeBytes, heldAfterBytes } = await fuzzAdmin({ seed, runs: 6 });
  expect(failure).toBe(null);
  expect(messages).toBeGreaterThan(1_000);
  expect(Object.keys(seen).toSorted()).toEqual([...TASK_STATES, ...LOGIN_STATES].toSorted());
  expect(heldAfterBytes / heldBeforeBytes).toBeLessThan(1.05);
}, 300_000);

test('weights that somebody brings hold nobody up, however long they are', async () => {
  const server = await watchedServer();
  const headers = { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/octet-stream' };
  const slow: number[] = [];
  // The least of three: what shares a core makes one longer.
  for (let time = 0; time < 3; time++) {
    const from = server.log().length;
    const answer = await fetch(`${server.url}/api/weights`, {
      method: 'POST',
      headers,
      body: new Uint8Array(48 * 2 ** 20),
    });
    expect(answer.status).toBe(201);
    await server.adminJson('/api/tasks');
    slow.push(tooLong(handledIn(server.log().slice(from))).filter(({ what }) => what?.includes('/api/weights')).length);
  }
  await server.dispose();
  expect(Math.min(...slow)).toBe(0);
}, 60_000);
