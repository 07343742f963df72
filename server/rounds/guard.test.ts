import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { LIMITS } from '../../shared/limits.ts';
import type { Score } from '../../shared/protocol/index.ts';
import { LARGEST_FLOAT32 } from '../../shared/weights/vector.ts';
import { client, type House, openHouse, Rig, TASK } from './fixtures/rig.ts';
import { isFit } from './guard.ts';

const scored = (accuracy: number, loss = 1): Score => ({ accuracy, loss });

describe('G1: what is fit', () => {
  test.each([
    ['as good as the best', 0.9, [0.7, 0.9], 0.1, true],
    ['ten points under the best', 0.8, [0.7, 0.9], 0.1, true],
    ['a little more than ten', 0.7999, [0.9], 0.1, false],
    ['under the best, though above the last', 0.75, [0.9, 0.6], 0.1, false],
    ['any fall, where any is let pass', 0, [1], 1, true],
    ['the first that is known', 0.01, [], 0.1, true],
  ] as const)('%s', (_, accuracy, before, drop, isIt) => {
    expect(
      isFit(
        scored(accuracy),
        before.map((earlier) => scored(earlier)),
        { drop },
      ),
    ).toBe(isIt);
  });

  test('no loss that is not a finite number, whatever else is said', () => {
    for (const loss of [Number.NaN, Number.POSITIVE_INFINITY, LARGEST_FLOAT32])
      expect(isFit(scored(1, loss), [], { drop: 1 })).toBe(false);
  });

  test('versions without a score and scores without an accuracy say nothing', () => {
    expect(isFit(scored(0.1), [null, { loss: 1, absoluteError: 2 }], { drop: 0.1 })).toBe(true);
    expect(isFit({ loss: 9, absoluteError: 2 }, [scored(0.9)], { drop: 0.1 })).toBe(true);
  });
});

describe('the guard in a running task', () => {
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

  const [ada, bea] = [client(1), client(2)];
  /** Accuracy by what the first parameter is: above 5 the version is poisoned. */
  const byParams = (life: Rig) => async (_: unknown, sha256: string) => {
    const bytes = await life.house.blobs.get(sha256 as never);
    const first = bytes === null ? 0 : (new Float32Array(bytes.slice().buffer)[0] as number);
    return scored(first > 5 ? 0.2 : 0.9);
  };

  async function begin(rounds: number): Promise<void> {
    rig.score = byParams(rig);
    const spec = { ...TASK, rounds: { ...TASK.rounds, goal: 2, minimum: 2 } };
    expect(await rig.coordinator.create(spec)).toEqual({ ok: true });
    await rig.scored(0);
    rig.join(ada);
    rig.join(bea);
    await rig.coordinator.startRounds(TASK.id, rounds);
    await rig.downlink.untilTrue(() => rig.downlink.all('assign').length === 2);
  }

  async function bothReport(delta: number): Promise<void> {
    await rig.report(ada, [delta, 1, 1]);
    await rig.report(bea, [delta, 1, 1]);
  }

  /** Resolves when the evaluator is asked, which then says nothing. */
  const neverScores = (): Promise<void> =>
    new Promise((resolve) => {
      rig.score = () => {
        resolve();
        return new Promise(() => {});
      };
    });

  const assigned = (count: number) => rig.downlink.untilTrue(() => rig.downlink.all('assign').length === count);

  it('G1 G2: a poisoned version is not published, the task pauses and says so, and resumes from the good one', async () => {
    await begin(3);
    await bothReport(1);
    await rig.downlink.untilTrue(() => rig.status().version === 1);
    const good = rig.status();
    rig.join(ada);
    rig.join(bea);
    await assigned(4);
    await bothReport(50);
    await rig.downlink.untilTrue(() => rig.status().state === 'paused');

    expect(rig.status()).toMatchObject({ version: 1, sha256: good.sha256, pausedReason: 'guard', roundsLeft: 2 });
    expect((await rig.rounds()).map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['committed', null],
      ['abandoned', 'guard'],
    ]);
    expect((await house.storage.checkpoints.list(TASK.id)).map(({ version }) => version)).toEqual([0, 1]);

    await rig.coordinator.resumeRounds(TASK.id);
    rig.join(ada);
    rig.join(bea);
    await assigned(6);
    await bothReport(1);
    await rig.downlink.untilTrue(() => rig.status().version === 2);
    expect(await rig.params(2)).toEqual([2, 2, 2]);
  });

  it('G3: a version that is not scored in time is published, and the log says so', async () => {
    await begin(1);
    const isAsked = neverScores();
    await bothReport(1);
    await isAsked;
    rig.clock.advance(LIMITS.guardWaitMs);
    await rig.downlink.untilTrue(() => rig.status().version === 1);
    expect(rig.logged.map(({ message }) => message)).toContain('a version is published without a score');
  });

  it('G3: so is one whose scoring fails twice', async () => {
    await begin(1);
    rig.score = () => Promise.reject(new Error('no memory'));
    await bothReport(1);
    await rig.downlink.untilTrue(() => rig.status().version === 1);
    expect(rig.logged.map(({ message }) => message)).toContain('a version is published without a score');
  });

  it('G4: a process that ends meanwhile commits nothing, and the next one judges again', async () => {
    await begin(1);
    const isAsked = neverScores();
    await bothReport(1);
    await isAsked;
    const drained = rig.coordinator.drain();
    rig.clock.advance(LIMITS.guardDrainMs);
    await drained;
    expect(await house.storage.checkpoints.get(TASK.id, 1)).toBeNull();

    rig = new Rig(house);
    rig.score = byParams(rig);
    await rig.coordinator.start();
    await rig.downlink.untilTrue(() => rig.status().version === 1);
    expect(await rig.params(1)).toEqual([1, 1, 1]);
  });
});
