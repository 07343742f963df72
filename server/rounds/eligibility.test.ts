import { afterAll, beforeAll, expect, it, test } from 'vitest';
import { LIMITS } from '../../shared/limits.ts';
import { eligibilityProblem } from './eligibility.ts';
import { client, type House, openHouse, Rig, TASK } from './fixtures/rig.ts';

const asks = { minimumExamples: 50, maximumStepMs: 200 };

test.each([
  [{ examples: 50, stepMs: 200 }, null],
  [{ examples: 50 }, null],
  [{ examples: 49, stepMs: 1 }, 'this task asks for at least 50 examples'],
  [{ examples: 50, stepMs: 251.4 }, 'a training step takes 251 ms here; this task asks for at most 200 ms'],
] as const)('P13: %j: %s', (said, problem) => {
  expect(eligibilityProblem(said, asks)).toBe(problem);
});

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

it('P13: who is not eligible is told so, does not wait, and may come back with more', async () => {
  const rig = new Rig(house);
  await rig.coordinator.create({ ...TASK, eligibility: asks });
  expect(await rig.join(client(1), { examples: 49 })).toEqual({
    ...{ ok: false, reason: 'ineligible', message: 'this task asks for at least 50 examples' },
    retryAfterMs: LIMITS.ineligibleRetryMs,
  });
  expect(rig.coordinator.contributors(TASK.id).shown).toEqual([]);
  expect(await rig.join(client(1), { examples: 50, stepMs: 12 })).toEqual({ ok: true });
  expect(rig.coordinator.contributors(TASK.id).shown).toMatchObject([{ state: 'available', examples: 50 }]);
  await rig.coordinator.drain();
});
