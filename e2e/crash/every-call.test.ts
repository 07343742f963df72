import { expect, it } from 'vitest';
import { ensureStrace } from '../fixtures/strace.ts';
import { faultAtEveryCall } from './every-call.ts';
import { readOptions } from './every-call-command.ts';

const STEP = 10;
const seed = Number(process.env['EVERY_CALL_SEED'] ?? 20_261_129);

it(`I1 I2 I3 I4 I7: killed at every ${STEP}th call that changes the data folder, and nothing is lost or doubled (EVERY_CALL_SEED=${seed})`, async () => {
  expect(ensureStrace()).toBeNull();
  const { faults, ...figures } = await faultAtEveryCall({ step: STEP, seed, isFromNothing: false });
  console.log(JSON.stringify({ ...faults, ...figures }));
  expect(faults.pwrite64).toBeGreaterThan(5);
}, 400_000);

it('the command takes a step, a seed, and where to begin', () => {
  expect(readOptions(['--seed', '4'])).toEqual({ step: 1, seed: 4, isFromNothing: false, fault: 'kill' });
  expect(readOptions(['--fault', 'EIO'])).toMatchObject({ fault: 'EIO' });
  expect(readOptions(['--fault', 'EPERM'])).toMatchObject({ problem: expect.any(String) });
  expect(readOptions(['--step', '3', '--seed', '4', '--from-nothing'])).toMatchObject({ step: 3, isFromNothing: true });
  expect(readOptions(['--step', '0'])).toEqual({ problem: '--step takes a whole number from 1' });
  expect(readOptions(['--seed', '-1'])).toMatchObject({ problem: expect.any(String) });
});
