import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { deltaOf } from '../../../../shared/weights/delta.ts';
import { norm } from '../../../../shared/weights/vector.ts';
import { openCpu } from '../backends/cpu.ts';
import type { Device } from '../device.ts';
import { square, weightsAfter } from '../fixtures/line.ts';
import { dense, noise } from '../fixtures/tiny.ts';
import { prox } from './prox.ts';
import { sgd } from './sgd.ts';

let cpu: Device;
beforeAll(async () => {
  cpu = await openCpu();
});
beforeEach(() => cpu.activate());

const softmax = dense(5, 3, 'softmax');
const start = Float32Array.from({ length: 18 }, (_, index) => index / 10 - 1);
const ten = noise([5], 3, 10);

describe('prox', () => {
  test('two steps are w − η (∇F(w) + μ (w − x)) with x where it began: [1,1,0] to [0.5,0,−0.5] to [0.78125,0.5625,−0.21875]', async () => {
    const run = (epochs: number) =>
      weightsAfter(prox, Float32Array.of(1, 1, 0), cpu, { changes: { ...square, work: 'prox', mu: 0.5, epochs } });
    // ∇ = 2 (1 + 2 + 0 − 1) (1, 2, 1) = (4, 8, 4); w = x, so nothing pulls.
    expect([...(await run(1))]).toEqual([0.5, 0, -0.5]);
    // ∇ = 2 (0.5 + 0 − 0.5 − 1) (1, 2, 1) = (−2, −4, −2); μ (w − x) = (−0.25, −0.5, −0.25).
    expect([...(await run(2))]).toEqual([0.78125, 0.5625, -0.21875]);
  });

  test('μ = 0 is FedAvg bit for bit, with momentum too, and μ = 0.1 is not', async () => {
    for (const optimizer of [{ optimizer: 'sgd' }, { optimizer: 'momentum', momentum: 0.9 }] as const) {
      const run = (work: typeof sgd, mu: number) =>
        weightsAfter(work, start, cpu, { topology: softmax, examples: ten, changes: { epochs: 3, mu, ...optimizer } });
      const plain = await run(sgd, 0);
      expect(new Uint8Array((await run(prox, 0)).buffer)).toEqual(new Uint8Array(plain.buffer));
      expect(await run(prox, 0.1)).not.toEqual(plain);
    }
  });

  test('on a quadratic ‖delta‖ falls with each μ of 0, 0.1, 0.5, 1, 2, 4, 8', async () => {
    const origin = Float32Array.of(1, 1, 0);
    const norms: number[] = [];
    for (const mu of [0, 0.1, 0.5, 1, 2, 4, 8]) {
      const changes = { ...square, learningRate: 0.03125, epochs: 20, mu };
      norms.push(norm(deltaOf(await weightsAfter(prox, origin, cpu, { changes }), origin)));
    }
    expect(norms).toEqual([...norms].sort((a, b) => b - a));
    expect(new Set(norms).size).toBe(7);
  });
});

describe('the client optimizer momentum', () => {
  const run = (epochs: number, momentum: number, work = sgd) =>
    weightsAfter(work, Float32Array.of(1, 1, 0), cpu, {
      changes: { ...square, epochs, optimizer: 'momentum', momentum },
    });

  test('two steps by hand: v = (4, 8, 4), then 0.5 v + (−2, −4, −2) = 0', async () => {
    expect([...(await run(1, 0.5))]).toEqual([0.5, 0, -0.5]);
    expect([...(await run(2, 0.5))]).toEqual([0.5, 0, -0.5]);
    // v = 0.25 (4, 8, 4) + (−2, −4, −2) = (−1, −2, −1)
    expect([...(await run(2, 0.25))]).toEqual([0.625, 0.25, -0.375]);
  });

  test('ρ = 0 is sgd to the bit', async () => {
    const changes = { ...square, epochs: 5 };
    expect(await run(5, 0)).toEqual(await weightsAfter(sgd, Float32Array.of(1, 1, 0), cpu, { changes }));
  });

  test('what was gathered in one assignment is gone in the next', async () => {
    const first = await run(3, 0.9);
    expect(await run(3, 0.9)).toEqual(first);
  });
});
