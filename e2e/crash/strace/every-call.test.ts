import { expect, it } from 'vitest';
import { ensureStrace } from '../../fixtures/strace.ts';
import { faultAtEveryCall } from '../every-call.ts';

const STEP = 10;
const seed = Number(process.env['EVERY_CALL_SEED'] ?? 20_261_129);

it(`I1 I2 I3 I4 I7: killed at every ${STEP}th call that changes the data folder, and nothing is lost or doubled (EVERY_CALL_SEED=${seed})`, async () => {
  expect(ensureStrace()).toBeNull();
  const { faults, ...figures } = await faultAtEveryCall({ step: STEP, seed, isFromNothing: false });
  console.log(JSON.stringify({ ...faults, ...figures }));
  expect(faults.pwrite64).toBeGreaterThan(5);
}, 400_000);
