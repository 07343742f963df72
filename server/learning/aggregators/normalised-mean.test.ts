import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deltaOf } from '../../../shared/weights/delta.ts';
import { describeAggregator } from './aggregator.contract.ts';
import type { Aggregator, Contribution } from './aggregator.ts';
import { aggregatorOf } from './index.ts';
import { mean } from './mean.ts';
import { normalisedMean } from './normalised-mean.ts';

describeAggregator(normalisedMean);

const fold = <State>(aggregator: Aggregator<State>, contributions: readonly Contribution[]): Float64Array =>
  aggregator.finish(
    contributions.reduce(
      (state, contribution) => aggregator.add(state, contribution),
      aggregator.init(contributions[0]!.delta.length),
    ),
  );

test('by hand: deltas [4,0,2] of 1 step and [0,8,4] of 4, weights 1 and 3: τ_eff = 13/4', () => {
  // Σ p_i delta_i / τ_i = [1, 0, 0.5] + 0.75 · [0, 2, 1] = [1, 1.5, 1.25], and times 13/4.
  expect([
    ...fold(normalisedMean, [
      { delta: Float32Array.of(4, 0, 2), weight: 1, steps: 1 },
      { delta: Float32Array.of(0, 8, 4), weight: 3, steps: 4 },
    ]),
  ]).toEqual([3.25, 4.875, 4.0625]);
});

test('equal steps make FedNova FedAvg to the last bit', () => {
  const delta = fc.array(fc.float({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 3, maxLength: 3 });
  const parts = fc.array(fc.record({ delta, weight: fc.integer({ min: 1, max: 1_000_000 }) }), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(parts, fc.double({ min: 0.01, max: 1e7, noNaN: true }), (list, steps) => {
      const contributions = list.map(({ delta, weight }) => ({ delta: Float32Array.from(delta), weight, steps }));
      const bits = (aggregated: Float64Array) => new Uint8Array(aggregated.slice().buffer);
      expect(bits(fold(normalisedMean, contributions))).toEqual(bits(fold(mean, contributions)));
    }),
  );
});

test('steps that are none are a bug', () => {
  const delta = Float32Array.of(1);
  for (const steps of [0, -1, Number.NaN, undefined])
    expect(() => fold(normalisedMean, [{ delta, weight: 1, ...(steps === undefined ? {} : { steps }) }])).toThrow(
      'steps',
    );
});

test('fednova takes it', () => {
  expect(aggregatorOf({ name: 'fednova' })).toBe(normalisedMean);
});

describe('two clients on quadratics, one with 10 times the steps', () => {
  // F₁ = ½ (w − 0)², F₂ = ½ (w − 1)², p = 1/4 and 3/4: the optimum is 3/4.
  const clients = [
    { optimum: 0, weight: 1, steps: 10 },
    { optimum: 1, weight: 3, steps: 1 },
  ];
  const RATE = 0.01;
  function fixedPoint(aggregator: Aggregator<unknown>): number {
    let x = Float32Array.of(5);
    for (let round = 0; round < 2_000; round++) {
      const contributions = clients.map(({ optimum, weight, steps }) => {
        let w = x[0] as number;
        for (let step = 0; step < steps; step++) w -= RATE * (w - optimum);
        return { delta: deltaOf(Float32Array.of(w), x), weight, steps };
      });
      x = Float32Array.of((x[0] as number) + (fold(aggregator, contributions)[0] as number));
    }
    return x[0] as number;
  }

  test('FedNova ends at 0.75 to 0.01, FedAvg at 0.24', () => {
    expect(Math.abs(fixedPoint(normalisedMean as Aggregator<unknown>) - 0.75)).toBeLessThan(0.01);
    // Fixed point of FedAvg: Σ p_i (1 − (1 − η)^τ_i) (x − o_i) = 0.
    const pull = clients.map(({ weight, steps }) => (weight / 4) * (1 - (1 - RATE) ** steps)) as [number, number];
    const biased = pull[1] / (pull[0] + pull[1]);
    expect(biased).toBeCloseTo(0.24, 2);
    expect(fixedPoint(mean as Aggregator<unknown>)).toBeCloseTo(biased, 3);
  });
});
