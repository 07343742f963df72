import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { digits } from '../../shared/task/templates/digits.ts';
import { localLeases } from '../cluster/local.ts';
import { StorageIoError } from '../storage/errors.ts';
import { client, type House, openHouse, Rig, TASK } from './fixtures/rig.ts';

let house: House;
let flips = 0;

beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());
beforeEach(async () => {
  house = await house.fresh();
});

const CLIENTS = [client(1), client(2), client(3)] as const;

/** One life that made versions 1 and 2 and has the third round open, with one report acknowledged. */
async function firstLife(): Promise<Rig> {
  const rig = new Rig(house);
  await rig.coordinator.start();
  await rig.coordinator.create(TASK);
  await rig.coordinator.startRounds(TASK.id, 3);
  for (const clientId of CLIENTS) rig.join(clientId);
  for (const round of [1, 2, 3]) {
    await rig.downlink.until('assign', 3 * round);
    for (const clientId of round === 3 ? CLIENTS.slice(0, 1) : CLIENTS) await rig.report(clientId, [round, 0, 0]);
    if (round === 3) break;
    await rig.downlink.untilTrue(() => rig.status().version === round);
    for (const clientId of CLIENTS) rig.join(clientId);
  }
  return rig;
}

/** Flips a bit of a version's weights, or puts them back. */
async function flip(version: number): Promise<void> {
  const row = await house.storage.checkpoints.get(TASK.id, version);
  const path = await house.blobs.file(row?.sha256 as never);
  const bytes = readFileSync(path);
  bytes[1] = (bytes[1] as number) ^ 4;
  writeFileSync(path, bytes);
  flips += 1;
  utimesSync(path, flips, flips);
}

async function secondLife(overrides: ConstructorParameters<typeof Rig>[1] = {}): Promise<Rig> {
  const rig = new Rig(house, overrides);
  await rig.coordinator.start();
  return rig;
}

test('T11 I1 I4: a damaged version is left for the last one that is whole, its round is abandoned, and the task pauses and says so', async () => {
  await firstLife();
  await flip(2);
  const rig = await secondLife();
  const versions = await house.storage.checkpoints.list(TASK.id);
  expect(versions.map(({ version, copyOf }) => [version, copyOf])).toEqual([
    [0, null],
    [1, null],
    [2, null],
    [3, 1],
  ]);
  expect(rig.status()).toMatchObject({ version: 3, sha256: versions[1]?.sha256, state: 'paused', round: null });
  expect(rig.status()).toMatchObject({ pausedReason: 'damaged', roundsLeft: 1 });
  expect((await rig.rounds()).at(-1)).toMatchObject({
    ...{ number: 3, outcome: 'abandoned', reason: 'failed' },
    ...{ selected: 3, accepted: 1, dropped: 2, late: 0, surplus: 0 },
  });
  expect(await house.storage.rounds.receiptsOf(TASK.id, 3)).toMatchObject([{ status: 'abandoned', reason: 'failed' }]);
  expect(rig.logged).toContainEqual(
    expect.objectContaining({ level: 'error', fields: { task: TASK.id, damaged: 2, version: 3, copyOf: 1 } }),
  );

  // A person lets it go on, from what is whole.
  await rig.coordinator.resumeRounds(TASK.id);
  for (const clientId of CLIENTS) rig.join(clientId);
  await rig.downlink.until('assign', 3);
  for (const clientId of CLIENTS) await rig.report(clientId, [0, 1, 0]);
  await rig.downlink.untilTrue(() => rig.status().version === 4);
  expect(await rig.params(4)).toEqual([1, 1, 0]);

  // It is not gone back to while it is damaged, and is once its file is.
  expect(await rig.coordinator.rollback(TASK.id, 2)).toMatchObject({ status: 409, code: 'damaged' });
  await flip(2);
  expect(await rig.coordinator.rollback(TASK.id, 2)).toEqual({ ok: true });
  expect(await rig.params(5)).toEqual([3, 0, 0]);
  await rig.coordinator.drain();
});

test('T11 T10: an evaluation that was under way was tried once: it ends with the version that it was of', async () => {
  const rig = new Rig(house);
  await rig.coordinator.start();
  await rig.coordinator.create({ ...TASK, client: { ...TASK.client, heldOut: true } });
  await rig.coordinator.startRounds(TASK.id, 1);
  for (const clientId of CLIENTS) rig.join(clientId);
  await rig.downlink.until('assign', 3);
  for (const clientId of CLIENTS) await rig.report(clientId, [1, 0, 0]);
  await rig.downlink.untilTrue(() => rig.status().version === 1 && rig.status().round === null);
  await rig.coordinator.evaluate(TASK.id);
  for (const clientId of CLIENTS) rig.join(clientId);
  await rig.downlink.until('assign', 6);
  await flip(1);

  const second = await secondLife();
  expect(second.status()).toMatchObject({ version: 2, state: 'paused', pausedReason: 'damaged', round: null });
  expect((await second.rounds()).at(-1)).toMatchObject({ purpose: 'evaluate', outcome: 'abandoned', reason: 'failed' });
  expect(await house.storage.tasks.get(TASK.id)).toMatchObject({ evaluationWanted: false });
  await second.coordinator.drain();
});

test('T11 a task without a version that is whole is not loaded, and the others are', async () => {
  const before = new Rig(house);
  await before.coordinator.start();
  await before.coordinator.create(TASK);
  await before.coordinator.create({ ...digits, id: 'other' as TaskId });
  await before.coordinator.drain();
  await flip(0);
  const rig = await secondLife();
  expect(rig.coordinator.tasks().map(({ spec }) => spec.id)).toEqual(['other']);
  expect(rig.logged).toContainEqual(expect.objectContaining({ level: 'error', message: 'a task could not be loaded' }));
  await rig.coordinator.drain();
  await flip(0);
  const mended = await secondLife();
  expect(mended.status()).toMatchObject({ version: 0, state: 'idle' });
  await mended.coordinator.drain();
});

test('T11 what cannot be read just now is not called damaged', async () => {
  await firstLife();
  const size = async (): Promise<never> => {
    throw new StorageIoError('the store does not answer');
  };
  const rig = await secondLife({ blobs: { ...house.blobs, size } });
  expect(rig.status()).toMatchObject({ version: 2, state: 'running', round: { number: 3, accepted: 1 } });
  await rig.coordinator.drain();
});

test('I7: a start that the disk fails ends with its error, and leaves no task out', async () => {
  await firstLife();
  const acquire = async (): Promise<never> => {
    throw new StorageIoError('EIO: i/o error, write');
  };
  await expect(secondLife({ leases: { ...localLeases(house.storage.tasks), acquire } })).rejects.toThrow('EIO');
  expect((await secondLife()).status()).toMatchObject({ state: 'running', round: { number: 3, accepted: 1 } });
});
