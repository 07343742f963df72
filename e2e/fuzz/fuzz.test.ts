import { expect, test } from 'vitest';
import { fuzzClient } from './against-client.ts';
import { fuzzServer } from './against-server.ts';
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
