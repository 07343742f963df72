import { setTimeout as sleep } from 'node:timers/promises';
import { loopDelayOf, scrape } from '../bench/server-figures.ts';
import { megabytes, milliseconds, seconds, whole } from '../bench/table.ts';
import { type Figure, figure, kilobytes } from './figure.ts';
import { askForDescriptors, closeStage, collected, cpuMsOf, endedRound, type LoadOptions, openStage } from './stage.ts';

const JOINS_PER_SECOND = 300;
const COHORT = 3;
const TASK = {
  template: 'seed-dense',
  id: 'idle',
  rounds: { goal: COHORT, minimum: COHORT, overSelection: 1 },
};

/** Contributors who wait for a round: what each costs, how long it takes to come in, and to hear of a new version. */
export async function idle(
  { contributors, idleSeconds }: LoadOptions,
  say: (line: string) => void,
): Promise<readonly Figure[]> {
  askForDescriptors(contributors);
  const stage = await openStage(TASK);
  const { server, crowd, target, path } = stage;
  try {
    const before = await collected(server);
    await scrape(server.url); // the histogram of delays starts anew at each
    const cpuBefore = await cpuMsOf(server);
    crowd.join(target, contributors, JOINS_PER_SECOND);
    const joined = await crowd.until(
      'everybody is there',
      120_000 + contributors * 20,
      ({ available }) => available === contributors,
    );
    const joining = loopDelayOf(await scrape(server.url));
    const joinCpuMs = (await cpuMsOf(server)) - cpuBefore;
    say(`${contributors} are there; they rest for ${idleSeconds} s`);
    await sleep(idleSeconds * 1_000);
    const rested = await crowd.until('nobody has gone', 1_000, ({ online }) => online === contributors);
    const resting = loopDelayOf(await scrape(server.url));
    const restCpuMs = (await cpuMsOf(server)) - cpuBefore - joinCpuMs;
    const after = await collected(server);

    await scrape(server.url); // the collection was asked for, and held the loop up
    await server.adminJson(`${path}/rounds`, { body: { count: 1 } });
    const round = await endedRound(stage, 1, 60_000);
    const told = await crowd.until('everybody heard of the new version', 60_000, ({ heard }) => {
      return heard[1]?.count === contributors;
    });
    const heard = told.heard[1];
    if (heard === undefined) throw new Error('nobody heard of the round');
    const announcing = loopDelayOf(await scrape(server.url));
    const each = (of: 'rssBytes' | 'heldBytes'): number => (after[of] - before[of]) / contributors;
    return [
      figure('contributors, connected and checked in', contributors, whole),
      figure('resident memory of the server before them, collected', before.rssBytes, megabytes),
      figure(`… with them, after ${idleSeconds} s and a collection`, after.rssBytes, megabytes),
      figure('… of each', each('rssBytes'), kilobytes, 20_000),
      figure('heap and buffers of each', each('heldBytes'), kilobytes),
      figure(`a join at ${JOINS_PER_SECOND} a second, p99`, joined.joins.p99Ms, milliseconds, 1_000),
      figure('… median', joined.joins.p50Ms, milliseconds),
      figure('event-loop delay while they joined, p99', joining.p99Ms, milliseconds, 50),
      figure('… while they rested, p99', resting.p99Ms, milliseconds, 50),
      figure('… while a round ran and was announced, p99', announcing.p99Ms, milliseconds, 50),
      figure('… at most', announcing.maximumMs, milliseconds),
      figure(
        'a new version announced to all: from its commit to the last',
        lastAfter(round, heard),
        milliseconds,
        1_000,
      ),
      figure('… from the first to the last', heard.lastAt - heard.firstAt, milliseconds),
      figure('processor time of the server for all joins', joinCpuMs, seconds),
      figure('… while they rested', restCpuMs, seconds),
      figure('processor time of the contributors’ process until then', rested.cpuMs, seconds),
      figure('its resident memory', rested.rssBytes, megabytes),
    ];
  } finally {
    await closeStage(stage);
  }
}

const lastAfter = ({ endedAt }: { endedAt: string }, { lastAt }: { lastAt: number }): number =>
  lastAt - Date.parse(endedAt);
