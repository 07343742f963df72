import { afterAll, beforeAll, expect, it, test } from 'vitest';
import { digits } from '../../shared/task/templates/digits.ts';
import { client, type House, openHouse, Rig, TASK } from './fixtures/rig.ts';
import { Lessons } from './lessons.ts';
import { cohortFor } from './pace.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

it('R23: the third round asks as many as the drop-out of the first two suggests', async () => {
  const rig = new Rig(house);
  const rounds = { ...TASK.rounds, goal: 10, minimum: 2, overSelection: 1.2, pace: 'measured' } as const;
  await rig.coordinator.create({ ...TASK, rounds });
  await rig.scored(0);
  const people = Array.from({ length: 30 }, (_, index) => client(index + 1));
  for (const person of people) rig.join(person);
  await rig.coordinator.startRounds(TASK.id, 3);
  const assigned = async (count: number) => {
    await rig.downlink.untilTrue(() => rig.downlink.all('assign').length === count);
    return rig.downlink.all('assign').map(({ clientId }) => clientId);
  };
  let before = 0;
  for (const version of [1, 2]) {
    const cohort = (await assigned(before + 12)).slice(before);
    before += 12;
    for (const person of cohort.slice(0, 2)) rig.coordinator.checkOut(TASK.id, person);
    for (const person of cohort.slice(2)) await rig.report(person, [1, 1, 1]);
    await rig.downlink.untilTrue(() => rig.status().version === version);
    for (const person of people) rig.join(person);
  }
  const wanted = cohortFor(10, 4 / 24, 30);
  expect(wanted).toBe(18);
  await assigned(before + wanted);
  await rig.coordinator.drain();
});

test('R22: what a client said last counts, until its data are deleted', () => {
  const lessons = new Lessons({ ...digits.rounds, selection: 'utility' });
  const report = (examples: number) => ({ clientId: client(1), examples, loss: 2, reportMs: 100 });
  const pace = { selected: 1, lost: 0, reportMs: [100], roundMs: 200 };
  lessons.add({ pace, reports: [report(10)] });
  lessons.add({ pace, reports: [report(30)] });
  expect(lessons.utilities).toEqual(new Map([[client(1), 60]]));
  expect(lessons.usualRoundMs).toBe(200);
  lessons.forget(client(1));
  expect(lessons.utilities).toEqual(new Map());
  expect(new Lessons(digits.rounds).utilities).toBeNull();
});
