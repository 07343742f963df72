import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Sha256 } from '../../shared/ids.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { fromBytes } from '../../shared/weights/vector.ts';
import { client, type House, openHouse, Rig, TASK } from './fixtures/rig.ts';

/** Tasks whose reports hold more than one value a parameter, or fewer. */

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());
beforeEach(async () => {
  house = await house.fresh();
});

const [A, B, C] = [client(1), client(2), client(3)] as const;

async function running(spec: TaskSpec, rounds = 3): Promise<Rig> {
  const rig = new Rig(house);
  await rig.coordinator.start();
  await rig.coordinator.create(spec);
  await rig.coordinator.startRounds(TASK.id, rounds);
  return rig;
}
const valuesOf = async (sha256: Sha256 | undefined): Promise<number[]> => {
  const bytes = sha256 === undefined ? null : await house.blobs.get(sha256);
  return bytes === null ? [] : [...fromBytes(bytes)];
};

describe('SCAFFOLD', () => {
  const scaffold: TaskSpec = {
    ...TASK,
    client: { ...TASK.client, work: 'scaffold' },
    strategy: { ...TASK.strategy, name: 'scaffold', weighting: 'uniform' },
    rounds: { ...TASK.rounds, goal: 2, minimum: 2 },
  };
  const joined = async (rig: Rig, assignments: number): Promise<void> => {
    for (const clientId of [A, B]) rig.join(clientId);
    await rig.downlink.until('assign', assignments);
  };

  test('P45 V1 a report has six values for three parameters; everybody is told of it', async () => {
    const rig = await running(scaffold);
    expect(rig.coordinator.participation(TASK.id)).toMatchObject({ parameters: 3, report: { values: 6 } });
    await joined(rig, 2);
    expect(await rig.report(A, [1, 0, 0])).toMatchObject({ ok: false, reason: 'size' });
    await rig.coordinator.drain();
  });

  test('P47 V3 V4 c is Σ c_i over all who ever had a part, and each is told which of its reports was counted', async () => {
    const rig = await running(scaffold);
    await joined(rig, 2);
    expect(rig.assignment(A).control).toEqual({ sum: null, contributors: 2, counted: null });
    const first = rig.assignment(A).updateId;
    await rig.report(A, [1, 0, 0, 3, 0, 0]);
    await rig.report(B, [0, 2, 0, 0, 5, -1]);
    await rig.downlink.until('round', 1);
    expect(await rig.params(1)).toEqual([0.5, 1, 0]);

    rig.leave(B);
    for (const clientId of [A, C]) rig.join(clientId);
    await rig.downlink.until('assign', 4);
    const offer = rig.assignment(A).control;
    expect(offer).toMatchObject({ sum: { bytes: 12 }, contributors: 3, counted: first });
    expect(rig.assignment(C).control).toMatchObject({ contributors: 3, counted: null });
    expect(await valuesOf(offer?.sum?.sha256)).toEqual([3, 5, -1]);
    expect(rig.coordinator.control(TASK.id)).toBe(offer?.sum?.sha256);
    await rig.coordinator.drain();
  });

  test('V2 a restart keeps it, in mid-round as well, and a round that is abandoned adds nothing', async () => {
    const before = await running(scaffold);
    await joined(before, 2);
    await before.report(A, [1, 0, 0, 3, 0, 0]);
    await before.report(B, [0, 2, 0, 0, 5, -1]);
    await before.downlink.until('round', 1);
    await joined(before, 4);
    await before.report(B, [0, 0, 1, 9, 9, 9]);
    const { control, token } = before.assignment(A);

    const rig = new Rig(house);
    await rig.coordinator.start();
    rig.downlink.connected.add(A);
    expect(await rig.coordinator.resume(TASK.id, A, token)).toMatchObject({ ok: true, assignment: { control } });
    await rig.coordinator.stop(TASK.id);
    expect(rig.coordinator.control(TASK.id)).toBe(control?.sum?.sha256);
    await rig.coordinator.startRounds(TASK.id, 1);
    await joined(rig, 2);
    expect(rig.assignment(A).control).toEqual(control);
    await rig.report(A, [1, 0, 0, -1, 0, 0]);
    await rig.report(B, [1, 0, 0, 0, 0, 2]);
    await rig.downlink.untilTrue(() => rig.coordinator.task(TASK.id)?.version === 2);
    expect(await valuesOf(rig.coordinator.control(TASK.id) ?? undefined)).toEqual([2, 5, 1]);
    await rig.coordinator.drain();
  });

  test('V4 after a rollback all control variates begin anew: nobody goes on from one that is not in the sum', async () => {
    const rig = await running(scaffold, 2);
    for (const round of [1, 2]) {
      await joined(rig, 2 * round);
      await rig.report(A, [1, 0, 0, 3, 0, 0]);
      await rig.report(B, [0, 2, 0, 0, 5, -1]);
      await rig.downlink.until('round', round);
    }
    await rig.downlink.untilTrue(() => rig.status().round === null);
    expect(await rig.coordinator.rollback(TASK.id, 1)).toEqual({ ok: true });
    await rig.coordinator.startRounds(TASK.id, 2);
    await joined(rig, 6);
    for (const clientId of [A, B])
      expect(rig.assignment(clientId).control).toEqual({ sum: null, contributors: 2, counted: null });
    const { updateId } = rig.assignment(A);
    await rig.report(A, [1, 0, 0, 3, 0, 0]);
    await rig.report(B, [0, 2, 0, 0, 5, -1]);
    await rig.downlink.until('round', 3);
    await joined(rig, 8);
    expect(rig.assignment(A).control?.counted).toBe(updateId);
    expect(await valuesOf(rig.assignment(A).control?.sum?.sha256)).toEqual([3, 5, -1]);
    await rig.coordinator.drain();
  });
});

describe('local layers', () => {
  const dense = (name: string) => ({ class_name: 'Dense', config: { name, units: 1, activation: 'linear' } }) as const;
  const local: TaskSpec = {
    ...TASK,
    model: {
      topology: {
        input: [1, 2, 1],
        layers: [{ class_name: 'Flatten', config: { name: 'flatten' } }, dense('base'), dense('head')],
      },
      seed: 4,
    },
    client: { ...TASK.client, local: ['head'] },
    rounds: { ...TASK.rounds, goal: 1, minimum: 1 },
  };

  test('P46 V1 stay as the server first made them: three of five values are reported, and change', async () => {
    const rig = await running(local);
    const initial = await rig.params(0);
    expect(rig.coordinator.participation(TASK.id)).toMatchObject({ parameters: 5, report: { values: 3 } });
    rig.join(A);
    await rig.downlink.until('assign', 1);
    expect(rig.assignment(A)).not.toHaveProperty('control');
    expect(rig.assignment(A).base.bytes).toBe(20);
    expect(await rig.report(A, [1, -2, 4])).toMatchObject({ ok: true });
    await rig.downlink.until('round', 1);
    const [x = 0, y = 0, bias = 0, ...head] = initial;
    expect(await rig.params(1)).toEqual([x + 1, y - 2, bias + 4, ...head].map(Math.fround));
    expect(initial[3]).not.toBe(0);
    await rig.coordinator.drain();
  });
});
