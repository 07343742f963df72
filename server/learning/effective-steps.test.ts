import { expect, test } from 'vitest';
import { digits } from '../../shared/task/templates/digits.ts';
import { effectiveSteps } from './effective-steps.ts';

const plan = { ...digits.client, learningRate: 0.1 };

/** Σ of what each gradient weighs in −delta / η, by taking the steps: all gradients are 1, and no weight is negative. */
function byTakingThem(steps: number, { rho = 0, alpha = 0 }): number {
  let velocity = 0;
  let gone = 0;
  for (let step = 0; step < steps; step++) {
    velocity = rho * velocity + 1 - alpha * gone;
    gone += velocity;
  }
  return gone;
}

test('plain SGD: as many as were taken', () => {
  expect([1, 2, 600].map((steps) => effectiveSteps(plan, steps))).toEqual([1, 2, 600]);
});

test('momentum 0.5: 1, 2.5, 4.25 for 1, 2, 3 steps, and as taken for 100 of 0.9', () => {
  const heavy = { ...plan, optimizer: 'momentum', momentum: 0.5 } as const;
  expect([1, 2, 3].map((steps) => effectiveSteps(heavy, steps))).toEqual([1, 2.5, 4.25]);
  expect(effectiveSteps({ ...heavy, momentum: 0.9 }, 100)).toBeCloseTo(byTakingThem(100, { rho: 0.9 }), 9);
});

test('prox with ημ = 0.5: 1, 1.5, 1.75, and as taken for 100 of 0.02; μ = 0 is plain', () => {
  const pulled = { ...plan, work: 'prox', mu: 5 } as const;
  expect([1, 2, 3].map((steps) => effectiveSteps(pulled, steps))).toEqual([1, 1.5, 1.75]);
  expect(effectiveSteps({ ...pulled, mu: 0.2 }, 100)).toBeCloseTo(byTakingThem(100, { alpha: 0.02 }), 9);
  expect(effectiveSteps({ ...pulled, mu: 0 }, 7)).toBe(7);
  expect(effectiveSteps({ ...pulled, mu: 10 }, 7)).toBe(1);
});
