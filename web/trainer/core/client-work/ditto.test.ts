import { beforeAll, beforeEach, expect, test } from 'vitest';
import { openCpu } from '../backends/cpu.ts';
import type { Device } from '../device.ts';
import { square, type WorkRun, weightsAfter } from '../fixtures/line.ts';
import { dense, noise } from '../fixtures/tiny.ts';
import { type ClientWork, ditto } from './index.ts';
import { sgd } from './sgd.ts';

let cpu: Device;
beforeAll(async () => {
  cpu = await openCpu();
});
beforeEach(() => cpu.activate());

const anchor = Float32Array.of(0, 1, 2);

const after = (work: ClientWork, start: Float32Array, run: WorkRun): Promise<Float32Array> =>
  weightsAfter(work, start, cpu, run);

test('one step is v − η (∇F(v) + λ (v − w)), and the next starts from there', async () => {
  const start = Float32Array.of(1, 1, 0);
  // ∇ = (4, 8, 4), λ (v − w) = (0.5, 0, −1).
  expect([...(await after(ditto(anchor, 0.5), start, { changes: { ...square, epochs: 1 } }))]).toEqual([
    0.4375, 0, -0.375,
  ]);
  // ∇ = (−1.875, −3.75, −1.875), λ (v − w) = (0.21875, −0.5, −1.1875).
  const second = await after(ditto(anchor, 0.5), start, { changes: { ...square, epochs: 2 } });
  expect([...second]).toEqual([0.64453125, 0.53125, 0.0078125]);
});

test('λ = 0 is sgd to the bit, whatever the anchor', async () => {
  const softmax = dense(5, 3, 'softmax');
  const start = Float32Array.from({ length: 18 }, (_, index) => index / 10 - 1);
  const ten = noise([5], 3, 10);
  const run = { topology: softmax, examples: ten, changes: { epochs: 3 } };
  const plain = await after(sgd, start, run);
  expect(await after(ditto(new Float32Array(18).fill(9), 0), start, run)).toEqual(plain);
  expect(await after(ditto(new Float32Array(18).fill(9), 0.1), start, run)).not.toEqual(plain);
});
