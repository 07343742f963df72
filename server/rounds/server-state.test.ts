import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ClientId } from '../../shared/ids.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { AGGREGATORS, SERVER_OPTIMIZERS } from '../../shared/task/strategies.ts';
import { fromBytes } from '../../shared/weights/vector.ts';
import type { CoordinatorPorts } from './coordinator-ports.ts';
import { client, type House, openHouse, Rig, TASK } from './fixtures/rig.ts';
import type { Arithmetic } from './port.ts';

// What the server carries from round to round (D8), through the real arithmetic, blobs and spool.

let house: House;

beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());
beforeEach(async () => {
  house = await house.fresh();
});

const CLIENTS = [client(1), client(2), client(3)] as const;
/** Four rounds of reports; what the rules make of them depends on all that came before. */
const REPORTS = [
  [
    [1, 0, -2],
    [0, 4, 0],
    [3, 1, 1],
  ],
  [
    [0, 0, 1],
    [5, -4, 0],
    [1, 1, 1],
  ],
  [
    [-3, 2, 2],
    [0, 0, 9],
    [2, 2, 2],
  ],
  [
    [1, 1, 0],
    [0, 1, 0],
    [0, 0, -7],
  ],
] as const;

const rounds = { ...TASK.rounds, goal: 3, minimum: 3 };
const fedadam = {
  name: 'fedadam',
  weighting: 'numExamples',
  serverOptimizer: { ...SERVER_OPTIMIZERS.adam, biasCorrection: true },
} as const satisfies TaskSpec['strategy'];
const robust = {
  name: 'robust',
  weighting: 'uniform',
  aggregator: AGGREGATORS['centered-clipping'],
  serverOptimizer: { ...SERVER_OPTIMIZERS.momentum, nesterov: true },
} as const satisfies TaskSpec['strategy'];
const STRATEGIES = { fedadam, robust };

async function begin(strategy: TaskSpec['strategy'], overrides: Partial<CoordinatorPorts> = {}): Promise<Rig> {
  const rig = new Rig(house, overrides);
  await rig.coordinator.start();
  await rig.coordinator.create({ ...TASK, rounds, strategy });
  return rig;
}

/** One round: everybody joins, is assigned, and reports in order, from `first` on. */
async function oneRound(rig: Rig, reports: readonly (readonly number[])[]): Promise<void> {
  await assigned(rig);
  await reported(rig, CLIENTS, reports);
  await ended(rig);
}
async function assigned(rig: Rig): Promise<void> {
  await rig.coordinator.startRounds(TASK.id, 1);
  for (const clientId of CLIENTS) rig.join(clientId);
  await rig.downlink.until('assign', rig.downlink.all('assign').length + CLIENTS.length);
}
async function reported(rig: Rig, who: readonly ClientId[], reports: readonly (readonly number[])[]): Promise<void> {
  for (const [index, clientId] of who.entries())
    expect(await rig.report(clientId, reports[index]!)).toMatchObject({ ok: true });
}
async function ended(rig: Rig): Promise<void> {
  await rig.downlink.untilTrue(() => rig.status().round === null);
}

interface Version {
  readonly params: number[];
  /** What is saved beside the params. */
  readonly saved: number[];
}
async function version(number: number): Promise<Version> {
  const row = await house.storage.checkpoints.get(TASK.id, number);
  const bytes = row?.optimizerSha256 ? await house.blobs.get(row.optimizerSha256) : null;
  const params = row && (await house.blobs.get(row.sha256));
  if (!params) throw new Error(`version ${number} is not there`);
  return { params: [...fromBytes(params)], saved: bytes === null ? [] : [...fromBytes(bytes)] };
}

/** The same rounds without anything going wrong. */
async function undisturbed(strategy: TaskSpec['strategy'], count: number = REPORTS.length): Promise<Version> {
  const rig = await begin(strategy);
  for (const reports of REPORTS.slice(0, count)) await oneRound(rig, reports);
  const last = await version(count);
  await rig.coordinator.drain();
  house = await house.fresh();
  return last;
}

describe.each(Object.entries(STRATEGIES))('%s', (_, strategy) => {
  test('D8 what is saved with version 0 is nothing, and then as long as it must be', async () => {
    const rig = await begin(strategy);
    expect((await version(0)).saved).toEqual([]);
    await oneRound(rig, REPORTS[0]);
    // Adam: m, v and the steps, 7; centered clipping and momentum: 3 each.
    expect((await version(1)).saved).toHaveLength(strategy.name === 'fedadam' ? 7 : 6);
    await rig.coordinator.drain();
  });

  test('D8 a restart between rounds, and one in the middle of each, change not one bit', async () => {
    const expected = await undisturbed(strategy);
    let rig = await begin(strategy);
    for (const reports of REPORTS) {
      await assigned(rig);
      await reported(rig, CLIENTS.slice(0, 2), reports);
      const { token } = rig.assignment(CLIENTS[2]);
      rig = new Rig(house);
      await rig.coordinator.start();
      rig.downlink.connected.add(CLIENTS[2]);
      await rig.coordinator.resume(TASK.id, CLIENTS[2], token);
      expect(await rig.report(CLIENTS[2], reports[2], { token })).toMatchObject({ ok: true });
      await ended(rig);
      await rig.coordinator.drain();
      rig = new Rig(house);
      await rig.coordinator.start();
    }
    expect(await version(REPORTS.length)).toEqual(expected);
    await rig.coordinator.drain();
  });

  test('D8 a round that was stopped leaves no trace', async () => {
    const expected = await undisturbed(strategy);
    const rig = await begin(strategy);
    for (const reports of REPORTS) {
      await assigned(rig);
      await reported(rig, CLIENTS.slice(0, 2), [
        [9, 9, 9],
        [8, -8, 8],
      ]);
      await rig.coordinator.stop(TASK.id);
      await ended(rig);
      await oneRound(rig, reports);
    }
    expect(await version(REPORTS.length)).toEqual(expected);
    await rig.coordinator.drain();
  });

  test('D8 a round that failed after its version was made leaves no trace', async () => {
    const expected = await undisturbed(strategy);
    let failures = 0;
    const finish: Arithmetic['finish'] = async (key, spec, base) => {
      const made = await house.arithmetic.finish(key, spec, base);
      if (++failures % 2 === 1) throw new Error('the disk is gone for a moment');
      return made;
    };
    const rig = await begin(strategy, { arithmetic: { ...house.arithmetic, finish } });
    for (const reports of REPORTS) {
      await oneRound(rig, [[9, 9, 9], ...reports.slice(1)]);
      await rig.coordinator.stop(TASK.id);
      await oneRound(rig, reports);
    }
    expect((await rig.rounds()).map(({ outcome }) => outcome)).toEqual(
      REPORTS.flatMap(() => ['abandoned', 'committed']),
    );
    expect(await version(REPORTS.length)).toEqual(expected);
    await rig.coordinator.drain();
  });

  test('D8 a rollback goes on from the state of that version', async () => {
    const expected = await undisturbed(strategy, 2);
    const rig = await begin(strategy);
    for (const reports of [REPORTS[0], REPORTS[2], REPORTS[3]]) await oneRound(rig, reports);
    expect(await rig.coordinator.rollback(TASK.id, 1)).toEqual({ ok: true });
    await oneRound(rig, REPORTS[1]);
    expect(await version(5)).toEqual(expected);
    await rig.coordinator.drain();
  });

  test('D8 a rollback to version 0 begins anew', async () => {
    const expected = await undisturbed(strategy, 1);
    const rig = await begin(strategy);
    await oneRound(rig, REPORTS[3]);
    expect(await rig.coordinator.rollback(TASK.id, 0)).toEqual({ ok: true });
    await oneRound(rig, REPORTS[0]);
    expect(await version(3)).toEqual(expected);
    await rig.coordinator.drain();
  });
});

test('D8 a robust round after deleted data reads the others alone, from their files', async () => {
  const median = { ...robust, aggregator: AGGREGATORS.median, serverOptimizer: SERVER_OPTIMIZERS.sgd };
  const rig = new Rig(house);
  await rig.coordinator.start();
  await rig.coordinator.create({ ...TASK, rounds: { ...rounds, goal: 4 }, strategy: median });
  const four = [...CLIENTS, client(4)];
  await rig.coordinator.startRounds(TASK.id, 1);
  for (const clientId of four) rig.join(clientId);
  await rig.downlink.until('assign', 4);
  await reported(rig, four.slice(0, 3), [
    [90, 0, 0],
    [2, 0, 5],
    [4, 8, 0],
  ]);
  await rig.coordinator.forget(TASK.id, four[0]!);
  await reported(rig, four.slice(3), [[3, 1, 1]]);
  await ended(rig);
  expect((await version(1)).params).toEqual([3, 1, 1]);
  expect(rig.logged).toEqual([]);
  await rig.coordinator.drain();
});
