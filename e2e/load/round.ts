import { fromBytes } from '../../shared/weights/vector.ts';
import { distanceFromMean } from '../bench/deltas.ts';
import { loopDelayOf, memoryOf, scrape } from '../bench/server-figures.ts';
import { megabytes, milliseconds, seconds, whole } from '../bench/table.ts';
import type { RunningServer } from '../fixtures/server.ts';
import { type Figure, figure } from './figure.ts';
import { askForDescriptors, closeStage, cpuMsOf, endedRound, type LoadOptions, openStage } from './stage.ts';

/** 784 → 314 → 10: 1 MB. */
export const MEGABYTE_VALUES = 784 * 314 + 314 + 314 * 10 + 10;

export const megabyteTask = (id: string, goal: number) => ({
  template: 'digits',
  id,
  title: 'A megabyte',
  model: {
    topology: {
      input: [28, 28, 1],
      layers: [
        { class_name: 'Flatten', config: { name: 'flatten' } },
        { class_name: 'Dense', config: { name: 'hidden', units: 314, activation: 'relu' } },
        { class_name: 'Dense', config: { name: 'output', units: 10, activation: 'softmax' } },
      ],
    },
    seed: 1,
  },
  rounds: { goal, minimum: goal, overSelection: 1, selectionDeadlineMs: 600_000, reportingDeadlineMs: 600_000 },
});

const JOINS_PER_SECOND = 300;
const ROUND_MS = 600_000;

/** One round of many contributors of a megabyte each. */
export async function round({ reporters }: LoadOptions, say: (line: string) => void): Promise<readonly Figure[]> {
  askForDescriptors(reporters);
  const task = megabyteTask('megabyte', reporters);
  const stage = await openStage(task, { nodeArgs: [] });
  const { server, crowd, target, path } = stage;
  try {
    crowd.join(target, reporters, JOINS_PER_SECOND);
    await crowd.until('everybody is there', 120_000, ({ available }) => available === reporters);
    const { nowBytes: joinedBytes } = await memoryOf(server.pid);
    await scrape(server.url);
    const [cpuBefore, crowdBefore] = [await cpuMsOf(server), await crowd.tell()];
    await server.adminJson(`${path}/rounds`, { body: { count: 1 } });
    const ended = await endedRound(stage, 1, ROUND_MS);
    const sight = await crowd.until('everybody heard', 60_000, ({ heard }) => heard[1]?.count === reporters);
    const delay = loopDelayOf(await scrape(server.url));
    const { peakBytes } = await memoryOf(server.pid);
    say(`${ended.accepted} accepted`);
    return [
      figure('contributors', reporters, whole),
      figure('reports accepted', ended.accepted, whole),
      figure('reports lost', reporters - ended.accepted, whole, 0),
      figure(
        'distance of the version from the Float64 mean',
        await distanceOf(server, task.id, reporters),
        exponential,
        1e-6,
      ),
      figure('duration of the round', Date.parse(ended.endedAt) - Date.parse(ended.startedAt), seconds, 60_000),
      figure('peak memory of the server process', peakBytes, megabytes, 400e6),
      figure('… with all contributors connected', joinedBytes, megabytes),
      figure('event-loop delay in the round, p99', delay.p99Ms, milliseconds, 50),
      figure('… at most', delay.maximumMs, milliseconds),
      figure('told to come again', sight.refusals, whole),
      figure('processor time of the server', (await cpuMsOf(server)) - cpuBefore, seconds),
      figure('… of the contributors’ process', sight.cpuMs - crowdBefore.cpuMs, seconds),
    ];
  } finally {
    await closeStage(stage);
  }
}

const exponential = (value: number): string => value.toExponential(1);

async function distanceOf({ adminJson, url }: RunningServer, task: string, reporters: number): Promise<number> {
  const checkpoints = await adminJson<{ sha256: string }[]>(`/api/tasks/${task}/checkpoints`);
  const [before, after] = await Promise.all(
    checkpoints.map(async ({ sha256 }) =>
      fromBytes(new Uint8Array(await (await fetch(`${url}/weights/${sha256}`)).arrayBuffer())),
    ),
  );
  if (before === undefined || after === undefined) throw new Error('there is no new version');
  return distanceFromMean(before, after, reporters);
}
