import { expect, test } from 'vitest';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { deltaOf } from '../../shared/weights/delta.ts';
import { aggregatorOf } from './aggregators/index.ts';
import { initialServerState, nextServerState } from './server-state.ts';
import { weightOf } from './weighting.ts';

const strategy = (weighting: TaskSpec['strategy']['weighting'], learningRate = 1): TaskSpec['strategy'] => ({
  name: 'fedavg',
  weighting,
  serverOptimizer: { name: 'sgd', learningRate },
});

/** Two clients train from [1, 2, 3]: to [2, 2, 1] on 1 example and to [1, 6, 3] on 3. */
function round(settings: TaskSpec['strategy']): number[] | null {
  const global = Float32Array.of(1, 2, 3);
  const aggregator = aggregatorOf(settings);
  let state = aggregator.init(3);
  const locals = [
    { local: Float32Array.of(2, 2, 1), examples: 1 },
    { local: Float32Array.of(1, 6, 3), examples: 3 },
  ];
  for (const { local, examples } of locals) {
    const weight = weightOf(settings.weighting, { examples });
    state = aggregator.add(state, { delta: deltaOf(local, global), weight });
  }
  const next = nextServerState(initialServerState(global, settings), aggregator.finish(state), settings);
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
