import { afterAll, expect, it } from 'vitest';
import { Rig } from '../server/gateway/fakes/rig.ts';
import { TestClient } from '../server/gateway/fakes/test-client.ts';
import type { Clock } from '../shared/clock.ts';
import { sha256Hex } from '../shared/hash.ts';
import type { AssignmentToken, TaskId } from '../shared/ids.ts';
import { LIMITS } from '../shared/limits.ts';
import { clientIdOf } from '../shared/protocol/index.ts';
import { crc32 } from '../shared/wire/chunk.ts';
import { slowLine } from './fixtures/slow-line.ts';

/** The line and the server's clock run so many times as fast; `slow-line.long.test.ts` has them as they are. */
const SPEED = 25;
const fast: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now() * SPEED,
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs / SPEED);
    return () => clearTimeout(timer);
  },
};

let close = async (): Promise<void> => {};
afterAll(() => close());

it('P25: a whole chunk over 56 kbit/s with 2 s of delay finds its upload open', async () => {
  const rig = await Rig.start({ clock: fast });
  const line = await slowLine(rig.port, { bytesPerSecond: SPEED * 7_000, delayMs: 2_000 / SPEED });
  const secret = 'ab'.repeat(16);
  const auth = { protocol: { min: 1, max: 1 }, secret };
  const client = new TestClient(line.url, { query: { task: 'digits' }, auth });
  close = async () => {
    client.close();
    line.close();
    await rig.close();
  };
  await client.next('welcome');
  const token = 'a1'.repeat(16) as AssignmentToken;
  rig.coordinator.assign(clientIdOf('digits' as TaskId, secret), token);
  const frame = new Uint8Array(96 + 199_210 * 4).fill(3);
  const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 };
  const begin = { token, bytes: frame.byteLength, sha256: sha256Hex(frame), metrics };
  expect(await client.ask('report-begin', begin)).toMatchObject({ ok: true });
  const chunk = frame.subarray(0, LIMITS.chunkBytes);
  expect(await client.ask('report-chunk', { token, index: 0, crc32: crc32(chunk) }, chunk)).toEqual({ ok: true });
});
