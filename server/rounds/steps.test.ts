import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { sha256Hex } from '../../shared/hash.ts';
import type { ModelStep } from '../../shared/protocol/index.ts';
import { modelOf } from '../../shared/task/model-of.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { AGGREGATORS, SERVER_OPTIMIZERS } from '../../shared/task/strategies.ts';
import { fromBytes, toBytes } from '../../shared/weights/vector.ts';
import { takeSteps } from '../../shared/wire/step.ts';
import { client, type House, openHouse, Rig, TASK } from './fixtures/rig.ts';

// Steps from version to version (D10), through the real arithmetic, blobs and spool.

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
/** 257 values, 1,028 bytes; a step of 8 bits takes 353, one of 4 bits by EDEN 233. */
const SPEC = {
  ...TASK,
  model: {
    ...TASK.model,
    topology: {
      ...TASK.model.topology,
      input: [16, 16, 1],
    },
  },
  rounds: { ...TASK.rounds, goal: 2, minimum: 2, overSelection: 1 },
  codec: { up: 'float32', down: 'uniform-8-rotated', range: 1 },
} satisfies TaskSpec;
const VALUES = 257;
const { layout } = modelOf(SPEC);

async function begin(spec: TaskSpec = SPEC): Promise<void> {
  await rig.coordinator.start();
  expect(await rig.coordinator.create(spec)).toEqual({ ok: true });
}

/** A round of two, whose mean change is a wave of that height. */
async function oneRound(height = 0.1): Promise<void> {
  const before = rig.downlink.all('assign').length;
  await rig.coordinator.startRounds(TASK.id, 1);
  for (const clientId of [A, B]) rig.join(clientId);
  await rig.downlink.until('assign', before + 2);
  const wave = Array.from({ length: VALUES }, (_, i) => height * Math.sin(i + height));
  for (const clientId of [A, B]) expect(await rig.report(clientId, wave)).toMatchObject({ ok: true });
  await rig.downlink.untilTrue(() => rig.status().round === null);
}

async function blob(sha256: ModelStep['sha256']): Promise<Uint8Array> {
  const bytes = await house.blobs.get(sha256);
  if (bytes === null) throw new Error(`${sha256} is gone`);
  return bytes;
}

/** The weights that the steps lead to from those. */
async function followed(held: ModelStep['from'], steps: readonly ModelStep[], spec: TaskSpec = SPEC) {
  const frames = await Promise.all(
    steps.map(async ({ from, sha256 }) => ({ frame: await blob(sha256), baseSha256: from })),
  );
  const coding = { codec: spec.codec, layoutSha256: layout.sha256 };
  return sha256Hex(toBytes(takeSteps(fromBytes(await blob(held)), frames, coding)));
}

/** What a client is told of the next round when it says that it holds these weights. */
async function offered(held: ModelStep['from'] | null) {
  rig.downlink.connected.delete(B);
  await rig.coordinator.startRounds(TASK.id, 1);
  const before = rig.downlink.all('assign').length;
  rig.join(C, { held });
  rig.join(A);
  await rig.downlink.until('assign', before + 2);
  return rig.assignment(C);
}

test('D10 who holds an earlier version is told the steps from it, and they lead to the newest, bit for bit', async () => {
  await begin();
  const { sha256: v0 } = rig.status();
  await oneRound(0.1);
  const { sha256: v1 } = rig.status();
  await oneRound(0.2);
  const assignment = await offered(v0);
  expect(assignment).toMatchObject({
    delivery: 'http',
    base: { version: 2, sha256: rig.status().sha256, bytes: 1_028 },
  });
  expect(assignment.steps).toMatchObject([
    { from: v0, bytes: 353 },
    { from: v1, bytes: 353 },
  ]);
  expect(await followed(v0, assignment.steps ?? [])).toBe(rig.status().sha256);
  // They are given out like the weights, and the other one was broadcast to.
  expect(await house.storage.checkpoints.taskOf(assignment.steps![0]!.sha256)).toMatchObject({ task: TASK.id });
  expect(rig.downlink.all('weights').at(-1)?.clientIds).toEqual([A]);
});

test('D10 the version is near what was aimed at, and what is missing comes with the next', async () => {
  await begin();
  const aimed = new Float64Array(VALUES).fill(0);
  for (const [index, height] of [0.1, 0.2, 0.05].entries()) {
    await oneRound(height);
    for (let i = 0; i < VALUES; i++) aimed[i] = (aimed[i] as number) + height * Math.sin(i + height);
    const params = await rig.params(index + 1);
    // Range 1 in 8 bits: at most one step of 2/255 for each rotated value, and the rest of one version only.
    const off = Math.sqrt(params.reduce((sum, value, i) => sum + (value - (aimed[i] as number)) ** 2, 0) / VALUES);
    expect(off).toBeLessThan(2 / 255);
    expect(off).toBeGreaterThan(0);
  }
});

test('D10 a client that comes back in mid-round with earlier weights is told the steps too', async () => {
  await begin();
  const { sha256: v0 } = rig.status();
  await oneRound();
  await offered(null);
  rig.leave(C);
  rig.join(C, { held: v0 });
  expect(rig.assignment(C)).toMatchObject({ delivery: 'http', steps: [{ from: v0 }] });
  rig.join(C, { held: rig.status().sha256 });
  expect(rig.assignment(C)).toMatchObject({ delivery: 'held' });
  expect(rig.assignment(C).steps).toBeUndefined();
});

test('D10 no steps from strangers’ weights, over a rollback, or where they are no shorter than the model', async () => {
  await begin();
  const { sha256: v0 } = rig.status();
  for (const height of [0.1, 0.2, 0.3]) await oneRound(height);
  // Three steps of 353 bytes are more than 1,028.
  expect((await offered(v0)).steps).toBeUndefined();
  await rig.coordinator.stop(TASK.id);
  const { sha256: v3 } = rig.status();
  expect(await rig.coordinator.rollback(TASK.id, 1)).toEqual({ ok: true });
  expect((await offered(v3)).steps).toBeUndefined();
  await rig.coordinator.stop(TASK.id);
  expect((await offered('7'.repeat(64) as typeof v0)).steps).toBeUndefined();
});

test('D10 a restart knows the steps, and goes on with what is missing, bit for bit', async () => {
  const state = { strategy: { ...SPEC.strategy, serverOptimizer: { ...SERVER_OPTIMIZERS.momentum, nesterov: false } } };
  const spec = { ...SPEC, ...state } satisfies TaskSpec;
  await begin(spec);
  for (const height of [0.1, 0.2]) await oneRound(height);
  const undisturbed = rig.status().sha256;
  await rig.coordinator.drain();

  house = await house.fresh();
  rig = new Rig(house);
  await begin(spec);
  await oneRound(0.1);
  const { sha256: v1 } = rig.status();
  await rig.coordinator.drain();
  rig = new Rig(house);
  await rig.coordinator.start();
  await oneRound(0.2);
  expect(rig.status().sha256).toBe(undisturbed);
  await rig.coordinator.drain();
  rig = new Rig(house);
  await rig.coordinator.start();
  expect((await offered(v1)).steps).toMatchObject([{ from: v1, bytes: 353 }]);
});

test.each([
  ['robust', { name: 'robust', weighting: 'uniform', aggregator: AGGREGATORS['centered-clipping'] }],
  ['fedadam', { name: 'fedadam', weighting: 'numExamples' }],
] as const)('D10 with a server that carries more: %s', async (_, strategy) => {
  const serverOptimizer = { ...SERVER_OPTIMIZERS.adam, biasCorrection: true };
  const spec = {
    ...SPEC,
    codec: { up: 'float32', down: 'eden-4' },
    strategy: { ...strategy, serverOptimizer },
  } as const;
  await begin(spec satisfies TaskSpec);
  for (const height of [0.1, 0.2]) await oneRound(height);
  const { sha256: v2 } = rig.status();
  await oneRound(0.3);
  const { sha256: v3 } = rig.status();
  const assignment = await offered(v2);
  expect(assignment.steps).toMatchObject([{ from: v2, bytes: 233 }]);
  expect(await followed(v2, assignment.steps ?? [], spec)).toBe(v3);
});

test('D10 a model as small as its step goes down whole, and loses nothing', async () => {
  await rig.coordinator.start();
  await rig.coordinator.create({ ...TASK, rounds: SPEC.rounds, codec: SPEC.codec });
  await rig.coordinator.startRounds(TASK.id, 1);
  for (const clientId of [A, B]) rig.join(clientId);
  await rig.downlink.until('assign', 2);
  for (const clientId of [A, B]) await rig.report(clientId, [1, 2, 3]);
  await rig.downlink.untilTrue(() => rig.status().round === null);
  expect(await rig.params(1)).toEqual([1, 2, 3]);
  expect(await house.storage.checkpoints.get(TASK.id, 1)).toMatchObject({ step: null });
});
