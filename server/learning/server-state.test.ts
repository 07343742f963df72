import { expect, test } from 'vitest';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { deltaOf } from '../../shared/weights/delta.ts';
import { mean } from './aggregators/mean.ts';
import { initialServerState, nextServerState, savedState, serverStateOf } from './server-state.ts';
import { weightOf } from './weighting.ts';

const strategy = (weighting: TaskSpec['strategy']['weighting'], learningRate = 1): TaskSpec['strategy'] => ({
  name: 'fedavg',
  weighting,
  serverOptimizer: { name: 'sgd', learningRate },
});

/** Two clients train from [1, 2, 3]: to [2, 2, 1] on 1 example and to [1, 6, 3] on 3. */
function round(settings: TaskSpec['strategy']): number[] | null {
  const global = Float32Array.of(1, 2, 3);
  let state = mean.init(3);
  const locals = [
    { local: Float32Array.of(2, 2, 1), examples: 1 },
    { local: Float32Array.of(1, 6, 3), examples: 3 },
  ];
  for (const { local, examples } of locals) {
    const weight = weightOf(settings.weighting, { examples });
    state = mean.add(state, { delta: deltaOf(local, global), weight });
  }
  const next = nextServerState(initialServerState(global, settings), mean.finish(state), settings);
  return next && [...next.params];
}

test('a FedAvg round by hand: deltas [1,0,−2] of 1 and [0,4,0] of 3 examples move [1,2,3] to [1.25,5,2.5]', () => {
  expect(round(strategy('numExamples'))).toEqual([1.25, 5, 2.5]);
});

test('the plain mean by hand: [1,2,3] + ([1,0,−2] + [0,4,0]) / 2 = [1.5,4,2]', () => {
  expect(round(strategy('uniform'))).toEqual([1.5, 4, 2]);
});

test('half the server rate goes half the way: [1.125,3.5,2.75]', () => {
  expect(round(strategy('numExamples', 0.5))).toEqual([1.125, 3.5, 2.75]);
});

test('a version that is not finite is never made', () => {
  const settings = strategy('uniform');
  const state = initialServerState(Float32Array.of(3e38, 0), settings);
  expect(nextServerState(state, Float64Array.of(3e38, 0), settings)).toBeNull();
  expect(nextServerState(state, Float64Array.of(0, Number.NaN), settings)).toBeNull();
  expect([...state.params]).toEqual([Math.fround(3e38), 0]);
});

const ADAM = { name: 'adam', learningRate: 1, beta1: 0.5, beta2: 0.5, tau: 1, biasCorrection: false } as const;
const CLIPPING = { name: 'centered-clipping', radius: 1, passes: 1 } as const;

test('the saved state is the aggregate and then the optimizer, and comes back as it was', () => {
  const settings = { name: 'robust', serverOptimizer: ADAM, aggregator: CLIPPING } as const;
  const initial = initialServerState(Float32Array.of(0, 0), settings);
  expect([...savedState(initial)!]).toEqual([0, 0, 1, 1, 0]);
  const next = nextServerState(initial, Float64Array.of(1, -7), settings)!;
  const saved = savedState(next)!;
  expect([...saved]).toEqual([1, -7, -0.5, 3.5, 1, 25, 1]);
  expect(serverStateOf(next.params, saved, settings)).toEqual(next);
});

test.each([
  ['nothing', { name: 'fedavg', serverOptimizer: { name: 'sgd', learningRate: 1 } }, null],
  ['the optimizer alone', { name: 'fedadam', serverOptimizer: ADAM }, [-0.5, 1, 1]],
  [
    'the aggregate alone',
    { name: 'robust', serverOptimizer: { name: 'sgd', learningRate: 1 }, aggregator: CLIPPING },
    [1],
  ],
] as const)('where there is %s to save, no more is saved', (_, settings, expected) => {
  const next = nextServerState(initialServerState(Float32Array.of(0), settings), Float64Array.of(1), settings)!;
  const saved = savedState(next);
  expect(saved === null ? null : [...saved]).toEqual(expected);
  expect(serverStateOf(next.params, saved, settings)).toEqual(next);
});

test('a saved state of another strategy is a bug', () => {
  expect(() =>
    serverStateOf(new Float32Array(2), new Float32Array(4), { name: 'fedadam', serverOptimizer: ADAM }),
  ).toThrow('strategy');
});
