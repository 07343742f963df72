import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AssignmentToken, ClientId, UpdateId } from '../../shared/ids.ts';
import { type Rng, seededRng } from '../../shared/rng.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { fromBytes } from '../../shared/weights/vector.ts';
import { fileSpool } from '../storage/blobs/spool.ts';
import { createArithmeticCore } from './arithmetic-core.ts';
import { client, type House, openHouse, Rig, TASK } from './fixtures/rig.ts';

/**
 * The one-hot harness (reliability.md §1): client i only ever sends e_i, unweighted, so every cell of a version's change
 * tells who was counted in it, and how often. Whatever happens, the invariants hold.
 */
const CLIENTS = 7;
const SPEC: TaskSpec = {
  ...TASK,
  model: {
    topology: { ...TASK.model.topology, input: [1, CLIENTS - 1, 1] },
    seed: 1,
  },
  strategy: { ...TASK.strategy, weighting: 'uniform' },
  rounds: { goal: 3, minimum: 2, overSelection: 1.3, selectionDeadlineMs: 5_000, reportingDeadlineMs: 20_000 },
};
const oneHot = (number: number): number[] => Array.from({ length: CLIENTS }, (_, at) => (at === number ? 1 : 0));

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

class World {
  readonly #rng: Rng;
  readonly #house: House;
  rig: Rig;
  #nowMs = 0;
  readonly #tokens = new Map<ClientId, AssignmentToken>();
  readonly acknowledged = new Map<UpdateId, ClientId>();
  /** Who was given which assignment: rows do not tell it of those who had their data deleted. */
  readonly owners = new Map<UpdateId, ClientId>();
  readonly forgotten = new Set<ClientId>();
  readonly #background: Promise<unknown>[] = [];

  /** Every error that was logged, in any life. */
  readonly errors: unknown[] = [];
  readonly #hasZombies: boolean;

  constructor(house: House, seed: number) {
    this.#hasZombies = seed % 2 === 0;
    this.#rng = seededRng(seed);
    this.#house = { ...house, arithmetic: { ...createArithmeticCore(house.blobs), close: async () => {} } };
    this.rig = new Rig(this.#house);
  }

  async begin(): Promise<void> {
    await this.rig.coordinator.start();
    await this.rig.coordinator.create(SPEC);
    await this.rig.coordinator.startRounds(SPEC.id, 1_000);
  }

  async act(): Promise<void> {
    const number = this.#rng.below(CLIENTS);
    const who = client(number);
    const isThere = this.rig.downlink.connected.has(who);
    const what = this.#rng.below(100);
    if (what < 35) this.#arrive(who);
    else if (what < 75) this.#report(number, this.#rng.below(8) === 0);
    else if (what < 79) isThere && this.rig.leave(who);
    else if (what < 81) this.rig.coordinator.checkOut(SPEC.id, who);
    else if (what < 94) this.#pass(this.#rng.below(2_500));
    else if (what < 96) this.#do(this.#forget(who));
    else if (what < 97)
      this.#do(this.#rng.below(3) === 0 ? this.rig.coordinator.stop(SPEC.id) : this.rig.coordinator.pause(SPEC.id));
    else await this.crash();
    if (this.rig.status().state !== 'running') this.#do(this.rig.coordinator.startRounds(SPEC.id, 100));
    // Half of the time the next act meets what this one set going.
    if (this.#rng.below(2) === 0) await this.settle();
  }

  async settle(): Promise<void> {
    await Promise.all(this.#background.splice(0));
    await this.rig.coordinator.settled();
    this.#listen();
  }

  /**
   * A restart. With an even seed the old process lives on for a moment, writes what it had begun, and finds that the
   * task is not its own any more.
   */
  async crash(): Promise<void> {
    if (!this.#hasZombies || this.#rng.below(2) === 0) await this.settle();
    this.#listen();
    this.errors.push(...this.rig.logged.filter(({ level }) => level === 'error'));
    this.rig = new Rig({ ...this.#house, spool: fileSpool(this.#house.spoolFolder) });
    this.rig.clock.advance(this.#nowMs);
    await this.rig.coordinator.start();
  }

  /** The faults are over: everybody is there and honest, and a round commits. */
  async recover(): Promise<void> {
    await this.settle();
    const before = this.rig.status().version;
    for (let turn = 0; this.rig.status().version === before; turn++) {
      expect(turn).toBeLessThan(40);
      if (this.rig.status().state !== 'running') await this.rig.coordinator.startRounds(SPEC.id, 1);
      for (let number = 0; number < CLIENTS; number++) this.#arrive(client(number));
      await this.settle();
      for (let number = 0; number < CLIENTS; number++) this.#report(number, false);
      await this.settle();
      this.#pass(1_000);
      await this.settle();
    }
    await this.rig.coordinator.stop(SPEC.id);
    await this.settle();
  }

  #arrive(who: ClientId): void {
    const token = this.#tokens.get(who);
    this.rig.downlink.connected.add(who);
    if (token === undefined || this.#rng.below(2) === 0) this.rig.join(who);
    else
      this.#do(
        this.rig.coordinator.resume(SPEC.id, who, token).then((answer) => {
          if (!answer.ok || answer.assignment === null) this.rig.join(who);
        }),
      );
  }

  #report(number: number, isBad: boolean): void {
    const who = client(number);
    this.#listen();
    const token = this.#tokens.get(who);
    if (token === undefined) return;
    const delta = isBad ? oneHot(-1) : oneHot(number);
    this.#do(
      this.rig.report(who, delta, { token }).then((answer) => {
        if (answer.ok) this.acknowledged.set(answer.receipt.updateId, who);
      }),
    );
  }

  async #forget(who: ClientId): Promise<void> {
    this.forgotten.add(who);
    await this.rig.coordinator.forget(SPEC.id, who);
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
    this.rig.clock.advance(ms);
  }

  /** What reached the clients. */
  #listen(): void {
    for (const { clientId, assignment } of this.rig.downlink.all('assign')) {
      this.owners.set(assignment.updateId, clientId);
      if (this.rig.downlink.connected.has(clientId)) this.#tokens.set(clientId, assignment.token);
    }
  }

  #do(work: Promise<unknown>): void {
    this.#background.push(work);
  }
}

/** I1 to I4 and I8, from what is durable alone. */
async function checkInvariants(world: World, { storage, blobs, spoolFolder }: House): Promise<number> {
  const versions = await storage.checkpoints.list(SPEC.id);
  expect(versions.map(({ version }) => version)).toEqual(versions.map((_, index) => index));
  const params = await Promise.all(versions.map(async ({ sha256 }) => fromBytes((await blobs.get(sha256))!)));

  const rounds = await storage.rounds.list(SPEC.id, 10_000);
  expect(rounds.map(({ number }) => number)).toEqual(rounds.map((_, index) => index + 1));
  const known = new Set<UpdateId>();
  for (const round of rounds) {
    expect(round.outcome).not.toBeNull();
    const rejected = Object.values(round.rejected).reduce((sum, count) => sum + count, 0);
    expect(round.accepted + rejected + round.late + round.surplus + round.dropped).toBe(round.selected);
    const receipts = await storage.rounds.receiptsOf(SPEC.id, round.number);
    for (const { updateId } of receipts) known.add(updateId);
    const counted = receipts.filter(({ status }) => status === 'counted');
    if (round.outcome === 'abandoned') {
      expect(counted).toEqual([]);
      continue;
    }
    expect(round.version).toBe(round.baseVersion + 1);
    expect(counted.length).toBe(round.accepted);
    const uncounted = receipts.filter(({ status }) => status !== 'counted');
    expect(uncounted.every(({ updateId }) => world.forgotten.has(world.owners.get(updateId)!))).toBe(true);
    const [before, after] = [params[round.baseVersion]!, params[round.version!]!];
    for (let number = 0; number < CLIENTS; number++) {
      const times = counted.filter(({ updateId }) => world.owners.get(updateId) === client(number)).length;
      expect(times).toBeLessThanOrEqual(1);
      expect(after[number]! - before[number]!).toBeCloseTo(times / counted.length, 5);
    }
  }
  for (const [updateId, clientId] of world.acknowledged) {
    const receipt = await storage.rounds.receipt(updateId);
    expect(known.has(updateId)).toBe(true);
    expect(['counted', 'abandoned', 'withdrawn']).toContain(receipt?.status);
    if (receipt?.status === 'withdrawn') {
      expect(world.forgotten.has(clientId)).toBe(true);
      expect(receipt).toMatchObject({ clientId: updateId, examples: 0, norm: 0 });
    }
    if (receipt?.status === 'abandoned') expect(receipt.reason).not.toBeNull();
  }
  // Every round is over: no report is kept, of nobody.
  expect(await readdir(join(spoolFolder, SPEC.id))).toEqual([]);
  return versions.length - 1;
}

const SEEDS = Array.from({ length: Number(process.env['FEDTAB_TEST_SEEDS'] ?? 6) }, (_, index) => index + 1);

test.each(SEEDS)('D1 to D7, I1 to I4, I7, I8: joins, reports, leaves, stops and crashes, seed %i', async (seed) => {
  const fresh = await house.fresh();
  const world = new World(fresh, seed);
  await world.begin();
  for (let act = 0; act < 600; act++) await world.act();
  await world.recover();
  expect(await checkInvariants(world, fresh)).toBeGreaterThan(1);
  expect(world.acknowledged.size).toBeGreaterThan(5);
  if (seed % 2 === 1) {
    expect([...world.errors, ...world.rig.logged]).toEqual([]);
    expect(world.rig.eventsOf('round-ended').filter(({ reason }) => reason === 'failed')).toEqual([]);
  }
  await world.rig.coordinator.drain();
});
