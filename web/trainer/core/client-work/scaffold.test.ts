import { beforeAll, beforeEach, expect, test } from 'vitest';
import { openCpu } from '../backends/cpu.ts';
import type { Device } from '../device.ts';
import { square, weightsAfter } from '../fixtures/line.ts';
import { dense, noise } from '../fixtures/tiny.ts';
import { scaffold } from './scaffold.ts';
import { sgd } from './sgd.ts';

let cpu: Device;
beforeAll(async () => {
  cpu = await openCpu();
});
beforeEach(() => cpu.activate());

test('two steps are y − η (∇F(y) − c_i + c) with the same correction: [1,1,0] to [0.25,0,−0.75], and on', async () => {
  const correction = Float32Array.of(2, 0, 2);
  const run = (epochs: number) =>
    weightsAfter(scaffold, Float32Array.of(1, 1, 0), cpu, { changes: { ...square, epochs }, correction });
  // ∇ = (4, 8, 4).
  expect([...(await run(1))]).toEqual([0.25, 0, -0.75]);
  // ∇ = 2 (0.25 + 0 − 0.75 − 1) (1, 2, 1) = (−3, −6, −3).
  expect([...(await run(2))]).toEqual([0.375, 0.75, -0.625]);
});

test('without a correction, and with one of zeros, it is sgd to the bit', async () => {
  const start = Float32Array.from({ length: 18 }, (_, index) => index / 10 - 1);
  const run = { topology: dense(5, 3, 'softmax'), examples: noise([5], 3, 10), changes: { epochs: 3 } };
  const plain = await weightsAfter(sgd, start, cpu, run);
  expect(await weightsAfter(scaffold, start, cpu, run)).toEqual(plain);
  expect(await weightsAfter(scaffold, start, cpu, { ...run, correction: new Float32Array(18) })).toEqual(plain);
  expect(await weightsAfter(scaffold, start, cpu, { ...run, correction: new Float32Array(18).fill(1) })).not.toEqual(
    plain,
  );
});
