import { expect, it } from 'vitest';
import { exactlyOnce } from './exactly-once.ts';

const seed = Number(process.env.CHAOS_SEED ?? 20_261_129);
const UPDATES = Number(process.env.CHAOS_UPDATES ?? 5_000);

it(`I1 I2 I3 I4 I7: of ${UPDATES} reports over a network that loses, cuts, doubles, damages and delays none is lost or doubled (CHAOS_SEED=${seed})`, async () => {
  const { faults, ...figures } = await exactlyOnce({ updates: UPDATES, tasks: 4, contributors: 130, seed });
  console.log(JSON.stringify({ ...figures, ...faults }));
  expect(figures.counted).toBeGreaterThanOrEqual(UPDATES);
  expect(figures.acknowledged).toBeGreaterThan(UPDATES / 2);
  expect(faults.acksDropped).toBeGreaterThan(UPDATES / 2);
  expect(
    Math.min(faults.connectionsCut, faults.connectionsHeld, faults.framesDoubled, faults.bitsFlipped),
  ).toBeGreaterThan(10);
}, 1_200_000);
