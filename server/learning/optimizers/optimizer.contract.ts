import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ServerOptimizer } from './optimizer.ts';

const vector = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 20 });

/** What every server optimizer promises. */
export function describeOptimizer<Settings extends { readonly name: string }>(
  optimizer: ServerOptimizer<Settings>,
  settings: Settings,
): void {
  describe(`server optimizer ${optimizer.name}`, () => {
    test('a first step goes against the gradient', () => {
      const { params } = optimizer.apply(
        Float32Array.of(0, 0, 0),
        Float64Array.of(2, -2, 0),
        optimizer.init(3, settings),
        settings,
      );
      expect([...params].map(Math.sign)).toEqual([-1, 1, 0]);
    });

    test('a zero gradient from the initial state changes nothing', () => {
      fc.assert(
        fc.property(vector, (values) => {
          const params = Float32Array.from(values);
          const step = optimizer.apply(
            params,
            new Float64Array(values.length),
            optimizer.init(values.length, settings),
            settings,
          );
          expect(step.params).toEqual(params);
        }),
      );
    });

    test('the inputs stay as they are, and the same inputs give the same bits', () => {
      fc.assert(
        fc.property(vector, (values) => {
          const params = Float32Array.from(values);
          const gradient = Float64Array.from(values, (value) => value / 3);
          const state = optimizer.init(values.length, settings);
          const first = optimizer.apply(params, gradient, state, settings);
          const second = optimizer.apply(params, gradient, state, settings);
          expect(params).toEqual(Float32Array.from(values));
          expect(gradient).toEqual(Float64Array.from(values, (value) => value / 3));
          expect(state).toEqual(optimizer.init(values.length, settings));
          expect(second).toEqual(first);
        }),
      );
    });

    test('a gradient of another size is a bug', () => {
      expect(() =>
        optimizer.apply(new Float32Array(3), new Float64Array(2), optimizer.init(3, settings), settings),
      ).toThrow();
    });
  });
}
