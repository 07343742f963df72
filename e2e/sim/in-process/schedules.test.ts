import { expect, it } from 'vitest';
import { oneHotTrainer } from '../trainers.ts';
import { openInProcessWorld } from './world.ts';

/** Three devices, by the milliseconds that each takes for an assignment; two reports make a version. */
const MS = [1_000, 1_700, 4_100];

interface Ended {
  readonly atMs: number;
  /** Whose reports, and how many versions behind: `0 +1`. */
  readonly reports: readonly string[];
  readonly rejected: object;
}

async function traced(overrides: { readonly strategy?: object; readonly rounds: object }): Promise<readonly Ended[]> {
  const rounds = { goal: 2, minimum: 1, reportingDeadlineMs: 86_400_000, ...overrides.rounds };
  const world = await openInProcessWorld({
    task: {
      ...{ template: 'digits', own: null },
      overrides: { ...overrides, model: { zoo: 'softmax', seed: 4 }, guard: { drop: 1 }, rounds },
    },
    ...{
      seed: 1,
      count: MS.length,
      backend: 'auto',
      trainer: (index) => oneHotTrainer(index),
      msOf: (index) => MS[index] as number,
    },
  });
  try {
    await world.start(5);
    const ended: Ended[] = [];
    for (let number = 1; number <= 5; number++) {
      const round = await world.ended(number);
      expect(round).toMatchObject({ outcome: 'committed', version: number });
      const reports = (await world.reports(number)).map(({ contributor, staleness }) => `${contributor} +${staleness}`);
      ended.push({ atMs: world.elapsedMs(), reports, rejected: round?.rejected ?? {} });
    }
    return ended;
  } finally {
    await world.close();
  }
}

const buffered = (maximumStaleness: number) => ({
  strategy: {
    ...{ name: 'fedbuff', weighting: 'uniform' },
    schedule: { kind: 'buffered', size: 2, maximumStaleness, concurrency: 3 },
  },
  rounds: { overSelection: 1 },
});

it('B1 B2 B6 the fast report again and again while the slow one trains, whose report is as old as the time it took', async () => {
  // 0 reports at each second; 1 at 1.7, 3.4 and 5.1; 2 at 4.1, from version 0, when there are three.
  expect(await traced(buffered(5))).toEqual([
    { atMs: 1_700, reports: ['0 +0', '1 +0'], rejected: {} },
    { atMs: 3_000, reports: ['0 +1', '0 +0'], rejected: {} },
    { atMs: 4_000, reports: ['1 +1', '0 +0'], rejected: {} },
    { atMs: 5_000, reports: ['2 +3', '0 +0'], rejected: {} },
    { atMs: 6_000, reports: ['1 +2', '0 +0'], rejected: {} },
  ]);
});

it('B5 too far behind, it is told so when the third version is made at 4.0, and begins again from there', async () => {
  expect(await traced(buffered(2))).toEqual([
    { atMs: 1_700, reports: ['0 +0', '1 +0'], rejected: {} },
    { atMs: 3_000, reports: ['0 +1', '0 +0'], rejected: {} },
    { atMs: 4_000, reports: ['1 +1', '0 +0'], rejected: { stale: 1 } },
    { atMs: 5_100, reports: ['0 +0', '1 +1'], rejected: {} },
    { atMs: 6_800, reports: ['0 +1', '1 +0'], rejected: {} },
  ]);
});

it('synchronous: a round lasts as long as the slowest that it waits for', async () => {
  const of = (seconds: number) =>
    [1, 2, 3, 4, 5].map((round) => ({ atMs: round * seconds * 1_000, reports: ['0 +0', '1 +0'], rejected: {} }));
  // All three are asked and the first two counted.
  expect(await traced({ rounds: { overSelection: 1.5 } })).toEqual(of(1.7));
});
