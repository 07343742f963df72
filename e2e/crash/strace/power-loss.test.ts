import { expect, it } from 'vitest';
import { ensureStrace } from '../../fixtures/strace.ts';
import { lostPower } from '../power-loss.ts';

const seed = Number(process.env['POWER_LOSS_SEED'] ?? 20_261_130);

it(`I1 I2 I3 I4 I7: what a disk may hold after the power went has all that was promised (POWER_LOSS_SEED=${seed})`, async () => {
  expect(ensureStrace()).toBeNull();
  const figures = await lostPower({ step: 12, seed, startEvery: 12 });
  console.log(JSON.stringify(figures));
  expect(figures.images).toBeGreaterThan(5);
  expect(figures.started).toBeGreaterThan(0);
}, 200_000);
