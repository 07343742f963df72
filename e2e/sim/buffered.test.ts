import { expect, it } from 'vitest';
import { flagsOf, rowsOf, SCHEDULES } from './buffered.ts';
import type { SimulatedRound } from './simulation.ts';
import { trialOf } from './trial.ts';

const round = (number: number, accuracy: number, simulatedSeconds: number, staleness: number): SimulatedRound => ({
  ...{ number, outcome: 'committed', version: number, accuracy, loss: 1, accepted: 10, rejected: { stale: number } },
  ...{ uplinkBytes: 8e6, downlinkBytes: 10e6, seconds: 2, simulatedSeconds, staleness },
});

it('a row a target: simulated time, versions and bytes until the best so far is there, and the age of all reports', () => {
  const initial = { version: 0, loss: 2, accuracy: 0.1 };
  const rounds = [round(1, 0.91, 2, 0), round(2, 0.95, 6, 1), round(3, 0.94, 7, 2)];
  expect(rowsOf('a schedule', 0.2, { initial, rounds })).toEqual([
    '| a schedule | 0.2 | 93 % | 4.0 s | 1.5 | 12.0 MB | 15.0 MB | 1.0 | 6 |',
    '| … |  | 95 % | 6.0 s | 2.0 | 16.0 MB | 20.0 MB |  |  |',
    '| … |  | 97 % | not within 3 versions | – | – | – |  |  |',
  ]);
});

it('schedules differ in nothing but who is waited for', () => {
  const trials = SCHEDULES.map((schedule) => trialOf(flagsOf(schedule)));
  const [first, ...others] = trials.map(({ strategy: _, set: __, overSelection: ___, ...same }) => same);
  for (const other of others) expect(other).toEqual(first);
  expect(first).toMatchObject({ cohort: 10, dropout: 0, late: 0, speed: { kind: 'pareto', alpha: 1.5 } });
  expect(trials.map(({ strategy, overSelection }) => `${strategy} ${overSelection}`)).toEqual([
    ...['fedavg 1.3', 'fedbuff 1', 'fedbuff 1', 'fedavg 1', 'fedavg 3'],
  ]);
});
