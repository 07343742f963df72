import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { countsOf } from '../../shared/evaluation/counts.ts';
import type { ClientId } from '../../shared/ids.ts';
import { client, type House, openHouse, Rig, TASK } from './fixtures/rig.ts';

const HELD_OUT = { ...TASK, client: { ...TASK.client, heldOut: true } };
const [A, B, C] = [client(1), client(2), client(3)] as const;

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());
beforeEach(async () => {
  house = await house.fresh();
});

const own = (examples: number, correct: number): number[] => [
  ...countsOf({ examples, loss: 0.5, measure: { correct } }),
];
const report = (rig: Rig, clientId: ClientId, examples: number, correct: number) =>
  rig.report(clientId, own(examples, correct), { examples });

/** An evaluation round of version 0 in which all three are assigned. */
async function assigned(spec: typeof TASK = HELD_OUT): Promise<Rig> {
  const rig = new Rig(house);
  await rig.coordinator.start();
  await rig.coordinator.create(spec);
  expect(await rig.coordinator.evaluate(TASK.id)).toEqual({ ok: true });
  for (const clientId of [A, B, C]) rig.join(clientId);
  await rig.downlink.until('assign', 3);
  return rig;
}

test('E1 P39 T10 a round scores the version that is there: sums are kept, no version is made, and training is as before', async () => {
  const rig = await assigned();
  expect(rig.assignment(A)).toMatchObject({ round: 1, purpose: 'evaluate', base: { version: 0, bytes: 12 } });
  expect(rig.status()).toMatchObject({ state: 'running', roundsLeft: 0, round: { purpose: 'evaluate' } });
  await report(rig, A, 10, 9);
  await report(rig, B, 10, 8);
  await report(rig, C, 20, 10);
  const [round] = await rig.downlink.until('round', 1);
  expect(round?.end).toEqual({ number: 1, outcome: 'committed', accepted: 3 });
  expect(await rig.rounds()).toMatchObject([
    {
      purpose: 'evaluate',
      outcome: 'committed',
      version: null,
      baseVersion: 0,
      evaluation: {
        clients: 3,
        examples: 40,
        score: { loss: 0.5, accuracy: 0.675 },
        spread: null,
      },
    },
  ]);
  expect(rig.status()).toMatchObject({ state: 'idle', version: 0 });
  expect(await house.storage.checkpoints.list(TASK.id)).toHaveLength(1);

  // Nothing of one person is left: neither in a row, nor in a file, nor in a log.
  await rig.coordinator.settled();
  const receipts = await house.storage.rounds.receiptsOf(TASK.id, 1);
  expect(receipts).toMatchObject(
    Array(3).fill({ status: 'counted', version: null, examples: 0, steps: 0, norm: 0, sha256: '0'.repeat(64) }),
  );
  expect(receipts.map(({ metrics }) => metrics.lossAfter)).toEqual([null, null, null]);
  const files = existsSync(house.spoolFolder) ? readdirSync(house.spoolFolder, { recursive: true }) : [];
  expect(files.filter((name) => String(name).includes(rig.assignment(A).updateId))).toEqual([]);
  expect(rig.logged).toEqual([]);

  await rig.coordinator.startRounds(TASK.id, 1);
  for (const clientId of [A, B, C]) rig.join(clientId);
  await rig.downlink.until('assign', 6);
  expect(rig.assignment(A)).not.toHaveProperty('purpose');
  for (const clientId of [A, B, C]) await rig.report(clientId, [3, 0, 0]);
  await rig.downlink.until('round', 2);
  expect(await rig.params(1)).toEqual([3, 0, 0]);
  await rig.coordinator.drain();
});

test.each<[string, () => { counts: number[]; examples: number }]>([
  ['examples that the header does not tell of', () => ({ counts: own(10, 9), examples: 11 })],
  ['more right than there are', () => ({ counts: own(10, 9).with(2, 11), examples: 10 })],
  ['half a count', () => ({ counts: own(10, 9).with(1, 0.5), examples: 10 })],
])('E2 P39 counts that cannot be are rejected: %s', async (_, make) => {
  const rig = await assigned();
  const { counts, examples } = make();
  expect(await rig.report(A, counts, { examples })).toMatchObject({ ok: false, reason: 'count' });
  expect(await rig.report(B, [1, 2, 3])).toMatchObject({ ok: false, reason: 'size' });
  expect(await rig.report(C, Array(25).fill(Number.NaN))).toMatchObject({ ok: false, reason: 'not-finite' });
  const [round] = await rig.downlink.until('round', 1);
  expect(round?.end).toMatchObject({ outcome: 'abandoned', reason: 'everyone-left' });
  await rig.coordinator.drain();
});

test('E2 changes of the model are no counts, and counts are no changes of it', async () => {
  const rig = await assigned();
  await rig.coordinator.startRounds(TASK.id, 1);
  for (const clientId of [A, B, C]) await report(rig, clientId, 10, 5);
  await rig.downlink.until('round', 1);
  for (const clientId of [A, B, C]) rig.join(clientId);
  await rig.downlink.until('assign', 6);
  expect(await report(rig, A, 10, 5)).toMatchObject({ ok: false, reason: 'size' });
  await rig.coordinator.drain();
});

test('T10 who has nothing set aside goes; below the minimum nothing is kept, and it is not tried again', async () => {
  const rig = await assigned();
  rig.coordinator.checkOut(TASK.id, B);
  rig.coordinator.checkOut(TASK.id, C);
  await report(rig, A, 10, 9);
  const [round] = await rig.downlink.until('round', 1);
  expect(round?.end).toMatchObject({ outcome: 'abandoned', reason: 'everyone-left' });
  expect(await rig.rounds()).toMatchObject([{ outcome: 'abandoned', evaluation: null, dropped: 2 }]);
  expect(rig.status()).toMatchObject({ state: 'idle', round: null });
  await rig.coordinator.drain();
});

test('T9 a task that trains on everything has nothing to evaluate on, and says what to do', async () => {
  const rig = new Rig(house);
  await rig.coordinator.start();
  await rig.coordinator.create(TASK);
  expect(await rig.coordinator.evaluate(TASK.id)).toMatchObject({
    ok: false,
    status: 409,
    message: expect.stringContaining('create a task with client.heldOut'),
  });
  await rig.coordinator.drain();
});

test('D3 D5 killed between the last ack and the end: the next life counts each once', async () => {
  const before = await assigned();
  await report(before, A, 10, 9);
  await report(before, B, 10, 8);
  // The third is durable, and the process ends before it goes on.
  const { token, updateId } = before.assignment(C);
  const admitted = await before.coordinator.admit(TASK.id, C, token);
  if ('ok' in admitted) throw new Error('not admitted');
  const { frameOf } = await import('./fixtures/frames.ts');
  const { frame, sha256 } = frameOf({ delta: own(20, 10), examples: 20, expected: admitted.expected });
  const writer = await house.spool.open(TASK.id, 1, updateId, frame.byteLength);
  await writer.write(0, frame);
  await writer.finish();
  const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 };
  const receipt = { task: TASK.id, round: 1, updateId, clientId: C, sha256, bytes: frame.byteLength };
  await house.storage.rounds.accept([{ ...receipt, examples: 0, steps: 0, norm: 0, metrics, place: null }], 1);

  const rig = new Rig(house);
  await rig.coordinator.start();
  await rig.downlink.until('round', 1);
  expect(await rig.rounds()).toMatchObject([
    { outcome: 'committed', evaluation: { clients: 3, examples: 40, score: { accuracy: 0.675 } } },
  ]);
  expect(rig.status()).toMatchObject({ state: 'idle', version: 0, roundsLeft: 0 });
  expect(await rig.coordinator.resume(TASK.id, A, before.assignment(A).token)).toMatchObject({
    receipt: { status: 'counted' },
  });
  await rig.coordinator.drain();
});
