import { expect, test } from 'vitest';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { aggregatorOf } from './aggregators/index.ts';
import { readFrom } from './kernel/kernel.ts';
import { scaffoldSums } from './scaffold.ts';
import { initialServerState, nextServerState, type ServerState } from './server-state.ts';
import { sum } from './sum.ts';

const strategy = (learningRate = 1): TaskSpec['strategy'] => ({
  name: 'scaffold',
  weighting: 'uniform',
  serverOptimizer: { name: 'sgd', learningRate },
});

function round(state: ServerState, reports: readonly number[][], settings = strategy()): ServerState | null {
  expect(aggregatorOf(settings)).toBe(scaffoldSums);
  let sums = scaffoldSums.init(4);
  for (const report of reports) sums = scaffoldSums.add(sums, { delta: Float32Array.from(report), weight: 1 });
  return nextServerState(state, scaffoldSums.finish(sums), settings);
}

test('a round by hand: x moves by the mean of the deltas, N · c by the sum of the changes', () => {
  const before = initialServerState(Float32Array.of(1, 2), strategy());
  expect([...(before.optimizer ?? [])]).toEqual([0, 0]);
  const first = round(before, [
    [2, 0, 3, -1],
    [0, 4, 1, 5],
  ]);
  expect([...(first?.params ?? [])]).toEqual([2, 4]);
  expect([...(first?.optimizer ?? [])]).toEqual([4, 4]);
  const second = round(first as ServerState, [[2, 2, -1, 0.5]], strategy(0.5));
  expect([...(second?.params ?? [])]).toEqual([3, 5]);
  expect([...(second?.optimizer ?? [])]).toEqual([3, 4.5]);
  expect([...before.params]).toEqual([1, 2]);
});

test('neither params nor control variates that are not finite become a version', () => {
  const state = initialServerState(Float32Array.of(3e38, 0), strategy());
  expect(round(state, [[3e38, 0, 0, 0]])).toBeNull();
  expect(
    round(state, [
      [0, 0, 3e38, 0],
      [0, 0, 3e38, 0],
    ]),
  ).toBeNull();
});

test('scaffold takes it, and the mean of nothing is a bug', () => {
  expect(aggregatorOf(strategy())).toBe(scaffoldSums);
  expect(() => scaffoldSums.finish(scaffoldSums.init(4))).toThrow('nothing');
});

test.each([scaffoldSums, sum])('$name: two sums that were added apart are one, by hand', (aggregator) => {
  const { init, add, finish, partial } = aggregator as typeof scaffoldSums;
  const of = (...deltas: readonly number[][]) =>
    deltas.reduce((state, delta) => add(state, { delta: Float32Array.from(delta), weight: 1 }), init(4));
  const apart = [of([2, 0, 3, -1]), of([0, 4, 1, 5], [4, 2, -1, 0.5])];
  const whole = apart.reduce((state, other) => {
    const { values, numbers } = partial!.of(other);
    return partial!.merge(state, { numbers, read: readFrom(new Uint8Array(values.slice().buffer)) });
  }, init(4));
  const isSum = (aggregator as { readonly name: string }).name === 'sum';
  expect([...finish(whole)]).toEqual(isSum ? [6, 6, 3, 4.5] : [2, 2, 3, 4.5]);
});
