import { once } from 'node:events';
import { seconds, whole } from '../bench/table.ts';
import type { BareOrder, BareSaid } from './bare-server-process.ts';
import { Crowd, type CrowdSight, forkScript } from './crowd.ts';
import { type Figure, figure } from './figure.ts';
import { MEGABYTE_VALUES, megabyteTask } from './round.ts';
import { askForDescriptors, closeStage, cpuMsOf, endedRound, type LoadOptions, openStage } from './stage.ts';

const JOINS_PER_SECOND = 300;
const WAIT_MS = 300_000;
const FRAME_HEADER = 96;

interface Run {
  /** From the word to begin until everybody heard of the end. */
  readonly ms: number;
  readonly cpuMs: number;
  readonly sight: CrowdSight;
}

/** A round, and the same weights down and reports up over Socket.IO alone, one after the other. */
export async function floor({ reporters }: LoadOptions, say: (line: string) => void): Promise<readonly Figure[]> {
  askForDescriptors(reporters);
  const bare = await runBare(reporters);
  say(`bare Socket.IO: ${seconds(bare.ms)}`);
  const ours = await runOurs(reporters);
  say(`a round: ${seconds(ours.ms)}`);
  return [
    figure('contributors', reporters, whole),
    figure('a round, from the order until everybody heard of its end', ours.ms, seconds),
    figure('… bare Socket.IO', bare.ms, seconds),
    figure('… the round takes', ours.ms / bare.ms, times(2)),
    figure('processor time of the server in the round', ours.cpuMs, seconds),
    figure('… bare Socket.IO', bare.cpuMs, seconds),
    figure('bytes up in the round, whole connections', ours.sight.sentBytes, whole),
    figure('… bare Socket.IO', bare.sight.sentBytes, whole),
    figure('… the round sends', ours.sight.sentBytes / bare.sight.sentBytes, times(4)),
    figure('bytes down in the round, whole connections', ours.sight.receivedBytes, whole),
    figure('… bare Socket.IO', bare.sight.receivedBytes, whole),
    figure('… the round receives', ours.sight.receivedBytes / bare.sight.receivedBytes, times(4)),
  ];
}

const times =
  (digits: number) =>
  (value: number): string =>
    `${value.toFixed(digits)} ×`;

async function runOurs(reporters: number): Promise<Run> {
  const stage = await openStage(megabyteTask('floor', reporters), { nodeArgs: [] });
  const { server, crowd, target, path } = stage;
  try {
    crowd.join(target, reporters, JOINS_PER_SECOND);
    await crowd.until('everybody is there', WAIT_MS, ({ available }) => available === reporters);
    const cpuBefore = await cpuMsOf(server);
    const orderedAt = Date.now();
    await server.adminJson(`${path}/rounds`, { body: { count: 1 } });
    await endedRound(stage, 1, WAIT_MS);
    const told = await crowd.until('everybody heard', WAIT_MS, ({ heard }) => heard[1]?.count === reporters);
    const cpuMs = (await cpuMsOf(server)) - cpuBefore;
    return { ms: (told.heard[1]?.lastAt ?? Number.NaN) - orderedAt, cpuMs, sight: await crowd.leave() };
  } finally {
    await closeStage(stage);
  }
}

async function runBare(reporters: number): Promise<Run> {
  const server = forkScript('./bare-server-process.ts');
  const crowd = new Crowd();
  const said = async <Kind extends BareSaid['kind']>(kind: Kind): Promise<Extract<BareSaid, { kind: Kind }>> => {
    for (;;) {
      const [message] = (await once(server, 'message', { signal: AbortSignal.timeout(WAIT_MS) })) as [BareSaid];
      if (message.kind === kind) return message as Extract<BareSaid, { kind: Kind }>;
    }
  };
  try {
    const { port } = await said('listens');
    const weightsBytes = MEGABYTE_VALUES * 4;
    const bare = { reportBytes: FRAME_HEADER + weightsBytes };
    crowd.join({ host: '127.0.0.1', port, task: 'bare' }, reporters, JOINS_PER_SECOND, bare);
    await crowd.until('everybody is there', WAIT_MS, ({ available }) => available === reporters);
    const ended = said('ended');
    const orderedAt = Date.now();
    server.send({ weightsBytes, reporters } satisfies BareOrder);
    const { cpuMs } = await ended;
    const told = await crowd.until('everybody heard', WAIT_MS, ({ heard }) => heard[1]?.count === reporters);
    return { ms: (told.heard[1]?.lastAt ?? Number.NaN) - orderedAt, cpuMs, sight: await crowd.leave() };
  } finally {
    await crowd.close();
    server.disconnect();
  }
}
