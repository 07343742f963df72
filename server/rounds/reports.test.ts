import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AssignmentToken, Sha256 } from '../../shared/ids.ts';
import type { Spool } from '../storage/blobs/port.ts';
import type { Storage } from '../storage/port.ts';
import { client, type House, openHouse, Rig, TASK } from './fixtures/rig.ts';
import type { Arithmetic } from './port.ts';

let house: House;
let rig: Rig;

beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());
beforeEach(async () => {
  house = await house.fresh();
  rig = new Rig(house);
});
afterEach(() => rig.coordinator.drain());

const [A, B, C] = [client(1), client(2), client(3)] as const;

async function assigned(): Promise<void> {
  await rig.coordinator.start();
  await rig.coordinator.create(TASK);
  await rig.coordinator.startRounds(TASK.id, 1);
  for (const clientId of [A, B, C]) rig.join(clientId);
  await rig.downlink.until('assign', 3);
}
const roundEnd = async () => (await rig.downlink.until('round', 1))[0]!;

describe('bad reports', () => {
  test.each([
    ['not-finite', [1, Number.NaN, 0]],
    ['zero', [0, 0, 0]],
    ['norm', [101, 0, 0]],
  ])('R10 %s is refused for good, counted, and the round goes on without it', async (reason, delta) => {
    await assigned();
    expect(await rig.report(A, delta)).toMatchObject({ ok: false, reason });
    expect(await rig.report(A, [1, 0, 0])).toMatchObject({ ok: false, reason });
    await rig.report(B, [2, 0, 0]);
    await rig.report(C, [0, 2, 0]);
    expect((await roundEnd()).yours.get(A)).toEqual({ yours: 'rejected', yoursReason: reason });
    expect(await rig.params(1)).toEqual([1, 1, 0]);
    expect(await rig.rounds()).toMatchObject([{ selected: 3, accepted: 2, rejected: { [reason]: 1 } }]);
    expect(rig.eventsOf('report').map(({ outcome }) => outcome)).toEqual([reason, 'accepted', 'accepted']);
  });

  test('bytes with another hash than announced are refused', async () => {
    await assigned();
    const sha256 = 'f'.repeat(64) as Sha256;
    expect(await rig.report(A, [1, 0, 0], { sha256 })).toMatchObject({ ok: false, reason: 'hash' });
  });

  test('a refusal that the upload found ends the assignment as well', async () => {
    await assigned();
    rig.coordinator.rejected(TASK.id, A, rig.assignment(A).token, 'size');
    rig.coordinator.rejected(TASK.id, A, rig.assignment(A).token, 'hash'); // the first is final
    expect(await rig.report(A, [1, 0, 0])).toMatchObject({ ok: false, reason: 'size' });
    const open = await house.storage.rounds.unfinished(TASK.id);
    expect(open?.assignments.find(({ clientId }) => clientId === A)).toMatchObject({
      end: 'rejected',
      rejection: 'size',
    });
  });

  test('a token of another client, or one that never was, is not an assignment', async () => {
    await assigned();
    const { token } = rig.assignment(A);
    expect(await rig.report(B, [1, 0, 0], { token })).toMatchObject({ reason: 'not-assigned' });
    const invented = 'e'.repeat(32) as AssignmentToken;
    expect(await rig.report(A, [1, 0, 0], { token: invented })).toMatchObject({ reason: 'not-assigned' });
    expect(await rig.coordinator.resume(TASK.id, B, token)).toMatchObject({ reason: 'not-assigned' });
    expect(await rig.coordinator.receiptOf(TASK.id, B, token)).toBeNull();
  });

  test('a refused report leaves no file', async () => {
    await assigned();
    await rig.report(A, [0, 0, 0]);
    expect(await house.spool.has(TASK.id, 1, rig.assignment(A).updateId)).toBe(false);
  });
});

describe('the same report again', () => {
  /** As `report`, past the door that the first one closed. */
  const again = async (delta: readonly number[]) => {
    const { token, updateId } = rig.assignment(A);
    const { frameOf } = await import('./fixtures/frames.ts');
    const base = rig.assignment(A).base.sha256;
    const { layoutSha256 } = rig.coordinator.participation(TASK.id)!;
    const { frame, sha256 } = frameOf({
      delta,
      expected: { codec: 'float32', values: 3, layoutSha256, baseSha256: base },
    });
    const writer = await house.spool.open(TASK.id, 1, updateId, frame.byteLength);
    await writer.write(0, frame);
    const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 1 };
    return rig.coordinator.report(TASK.id, A, { token, sha256, bytes: frame.byteLength, metrics, writer });
  };

  test('D2 the same bytes get the same receipt and count once; other bytes conflict and change nothing', async () => {
    await assigned();
    const first = await rig.report(A, [3, 0, 0]);
    expect(await again([3, 0, 0])).toEqual(first);
    expect(await again([9, 9, 9])).toMatchObject({ ok: false, reason: 'conflict' });
    const { token } = rig.assignment(A);
    expect(await rig.coordinator.resume(TASK.id, A, token)).toMatchObject({
      ...{ ok: true, assignment: null },
      receipt: { order: 1, status: 'accepted' },
    });
    await rig.report(B, [0, 3, 0]);
    await rig.report(C, [0, 0, 3]);
    await roundEnd();
    expect(await rig.params(1)).toEqual([1, 1, 1]);
    expect(await rig.coordinator.receiptOf(TASK.id, A, token)).toMatchObject({
      receipt: { status: 'counted', version: 1, order: 1 },
    });
    expect(rig.eventsOf('report').map(({ outcome }) => outcome)).toEqual([
      ...['accepted', 'duplicate', 'conflict', 'accepted', 'accepted'],
    ]);
  });

  test('D2 two at once: one is counted', async () => {
    await assigned();
    const { token } = rig.assignment(A);
    const both = await Promise.all([rig.report(A, [3, 0, 0], { token }), rig.report(B, [0, 3, 0])]);
    expect(both.map((answer) => answer.ok && answer.receipt.order).sort()).toEqual([1, 2]);
    expect(await again([3, 0, 0])).toMatchObject({ ok: true });
    await rig.report(C, [0, 0, 3]);
    await roundEnd();
    expect(await rig.params(1)).toEqual([1, 1, 1]);
  });
});

describe('deleted data', () => {
  test('D6 R13 an accepted report is taken back, and the others are folded without it', async () => {
    await assigned();
    await rig.report(A, [90, 0, 0]);
    await rig.report(B, [0, 4, 0]);
    const { updateId } = rig.assignment(A);
    await rig.coordinator.forget(TASK.id, A);
    expect(await house.storage.rounds.receipt(updateId)).toMatchObject({ status: 'withdrawn' });
    expect(readdirSync(join(house.spoolFolder, TASK.id, '1'))).toEqual([rig.assignment(B).updateId]);
    await rig.report(C, [0, 0, 4]);
    const round = await roundEnd();
    expect(round.yours.get(A)).toEqual({ yours: 'dropped' });
    expect(await rig.params(1)).toEqual([0, 2, 2]);
    expect(await rig.rounds()).toMatchObject([{ selected: 3, accepted: 2, dropped: 1 }]);
    expect(rig.logged).toEqual([]);
  });

  test('D6 no row and no file of the client is left, also of what was only partly uploaded', async () => {
    await assigned();
    const { round, token, updateId } = rig.assignment(A);
    const writer = await house.spool.open(TASK.id, round, updateId, 108);
    await writer.write(0, new Uint8Array(50));
    await writer.pause();
    await rig.coordinator.forget(TASK.id, A);
    expect(readdirSync(join(house.spoolFolder, TASK.id, '1'))).toEqual([]);
    const open = await house.storage.rounds.unfinished(TASK.id);
    expect(open?.assignments.filter(({ clientId, token: of }) => clientId === A || of === token)).toEqual([]);
    expect(open?.assignments).toHaveLength(3);
    expect(rig.coordinator.contributors(TASK.id).shown).toHaveLength(2);
    expect(await rig.coordinator.resume(TASK.id, A, token)).toMatchObject({ reason: 'not-assigned' });
  });

  test('D6 the files of a round that has just ended are gone as well when it is answered', async () => {
    await assigned();
    await rig.report(A, [1, 0, 0]);
    await rig.coordinator.stop(TASK.id);
    await rig.coordinator.forget(TASK.id, A);
    expect(readdirSync(join(house.spoolFolder, TASK.id))).toEqual([]);
    expect(await house.storage.rounds.receipt(rig.assignment(A).updateId)).toMatchObject({
      ...{ status: 'abandoned', reason: 'stopped', norm: 0, examples: 0 },
    });
  });

  test('D6 a file that cannot be removed is not said to be gone, and the next asking removes it', async () => {
    let failures = 1;
    const spool: Spool = {
      ...house.spool,
      remove: async (...report) => {
        if (failures-- > 0) throw new Error('the disk does not answer');
        await house.spool.remove(...report);
      },
    };
    rig = new Rig(house, { spool });
    await assigned();
    await rig.report(A, [90, 0, 0]);
    await expect(rig.coordinator.forget(TASK.id, A)).rejects.toThrow('does not answer');
    await rig.coordinator.forget(TASK.id, A);
    expect(readdirSync(join(house.spoolFolder, TASK.id, '1'))).toEqual([]);
    await rig.report(B, [0, 4, 0]);
    await rig.report(C, [0, 0, 4]);
    await roundEnd();
    expect(await rig.params(1)).toEqual([0, 2, 2]);
  });

  test('D6 a report that is on its way is taken back too', async () => {
    await assigned();
    const report = rig.report(A, [90, 0, 0]);
    await rig.coordinator.forget(TASK.id, A);
    await report;
    await rig.report(B, [0, 4, 0]);
    await rig.report(C, [0, 0, 4]);
    await roundEnd();
    expect(await rig.params(1)).toEqual([0, 2, 2]);
  });

  test('D6 what is committed stays, and forgetting twice is nothing', async () => {
    await assigned();
    for (const clientId of [A, B, C]) await rig.report(clientId, [1, 1, 1]);
    await roundEnd();
    await rig.coordinator.forget(TASK.id, A);
    await rig.coordinator.forget(TASK.id, A);
    expect(await house.storage.rounds.receipt(rig.assignment(A).updateId)).toMatchObject({ status: 'counted' });
  });
});

describe('when something fails', () => {
  /** The arithmetic of the house, of which one call fails some times. */
  function failing(method: 'fold' | 'finish' | 'check', times: number): Arithmetic {
    let left = times;
    return new Proxy(house.arithmetic, {
      get: (target, name) =>
        name === method && left-- > 0 ? () => Promise.reject(new Error('out of order')) : Reflect.get(target, name),
    });
  }
  function storageWhere(change: (storage: Storage) => Partial<Storage['rounds']>): Storage {
    return { ...house.storage, rounds: { ...house.storage.rounds, ...change(house.storage) } };
  }

  test('D3 a fold that fails is made up for before the commit', async () => {
    rig = new Rig(house, { arithmetic: failing('fold', 1) });
    await assigned();
    await rig.report(A, [3, 0, 0]);
    await rig.report(B, [0, 3, 0]);
    await rig.report(C, [0, 0, 3]);
    expect((await roundEnd()).end).toMatchObject({ outcome: 'committed' });
    expect(await rig.params(1)).toEqual([1, 1, 1]);
    expect(rig.logged).toMatchObject([{ level: 'warn' }]);
  });

  test('R19 a version that cannot be made: abandoned(failed), logged, receipts say so, and the task lives', async () => {
    rig = new Rig(house, { arithmetic: failing('finish', 1) });
    await assigned();
    for (const clientId of [A, B, C]) await rig.report(clientId, [1, 1, 1]);
    expect((await roundEnd()).end).toMatchObject({ outcome: 'abandoned', reason: 'failed' });
    expect(rig.logged).toMatchObject([{ level: 'error', message: 'the round could not be committed' }]);
    expect(await rig.coordinator.receiptOf(TASK.id, A, rig.assignment(A).token)).toMatchObject({
      receipt: { status: 'abandoned', reason: 'failed' },
    });
    rig.clock.advance(1_000);
    for (const clientId of [A, B, C]) rig.join(clientId);
    await rig.downlink.until('assign', 6);
    for (const clientId of [A, B, C]) await rig.report(clientId, [1, 1, 1]);
    expect((await rig.downlink.until('round', 2))[1]?.end).toMatchObject({ number: 2, version: 1 });
  });

  test('R9 a receipt that cannot be stored is not acknowledged, and the client may try again', async () => {
    let isFull = true;
    const full = Object.assign(new Error('no room'), { name: 'StorageFullError' });
    const storage = storageWhere(({ rounds }) => ({
      accept: (receipts, at) => (isFull ? Promise.reject(full) : rounds.accept(receipts, at)),
    }));
    rig = new Rig(house, { storage });
    await assigned();
    expect(await rig.report(A, [3, 0, 0])).toMatchObject({ ok: false, reason: 'storage-full', retryAfterMs: 10_000 });
    isFull = false;
    expect(await rig.report(A, [3, 0, 0])).toMatchObject({ ok: true, receipt: { order: 1 } });
  });

  test('D1 R17 a cohort that cannot be saved is told nothing: abandoned(failed)', async () => {
    const storage = storageWhere(() => ({ assign: () => Promise.reject(new Error('disk')) }));
    rig = new Rig(house, { storage });
    await rig.coordinator.start();
    await rig.coordinator.create(TASK);
    await rig.coordinator.startRounds(TASK.id, 1);
    for (const clientId of [A, B, C]) rig.join(clientId);
    expect((await roundEnd()).end).toMatchObject({ outcome: 'abandoned', reason: 'failed' });
    expect(rig.downlink.all('assign')).toEqual([]);
  });

  test('an end that cannot be made durable is tried again until it is, and only then told', async () => {
    let failures = 3;
    const storage = storageWhere(({ rounds }) => ({
      abandon: (...end) => (failures-- > 0 ? Promise.reject(new Error('disk')) : rounds.abandon(...end)),
    }));
    rig = new Rig(house, { storage });
    await assigned();
    expect(await rig.coordinator.stop(TASK.id)).toEqual({ ok: true });
    expect(rig.downlink.all('round')).toEqual([]);
    for (const waitMs of [1_000, 2_000, 4_000]) {
      const errors = rig.logged.length;
      rig.clock.advance(waitMs);
      await rig.downlink.untilTrue(() => rig.logged.length > errors || rig.downlink.all('round').length > 0);
    }
    expect((await roundEnd()).end).toMatchObject({ reason: 'stopped' });
    expect(rig.status()).toMatchObject({ state: 'idle', round: null });
  });

  test('a round that cannot be opened counts as abandoned, and is tried again after a wait', async () => {
    let failures = 1;
    const storage = storageWhere(({ rounds }) => ({
      open: (...round) => (failures-- > 0 ? Promise.reject(new Error('disk')) : rounds.open(...round)),
    }));
    rig = new Rig(house, { storage });
    await rig.coordinator.start();
    await rig.coordinator.create(TASK);
    await rig.coordinator.startRounds(TASK.id, 1);
    await rig.downlink.untilTrue(() => rig.logged.length > 0);
    expect(await house.storage.tasks.get(TASK.id)).toMatchObject({ state: 'running', abandonedInARow: 1 });
    rig.clock.advance(1_000);
    await rig.downlink.untilTrue(() => rig.status().round !== null);
  });

  test('a listener that throws harms nobody', async () => {
    rig.coordinator.subscribe(() => {
      throw new Error('listener');
    });
    await assigned();
    for (const clientId of [A, B, C]) await rig.report(clientId, [1, 1, 1]);
    expect((await roundEnd()).end).toMatchObject({ outcome: 'committed' });
  });
});
