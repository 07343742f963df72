import { memoryOf } from '../bench/server-figures.ts';
import { megabytes, milliseconds, seconds, whole } from '../bench/table.ts';
import { startServer } from '../fixtures/server.ts';
import { type Figure, figure } from './figure.ts';
import { askForDescriptors, closeStage, type LoadOptions, openStage } from './stage.ts';

const JOINS_PER_SECOND = 500;
const ENV = { FEDTAB_MAX_PER_ADDRESS: '1000000' };

/** The server is killed under all of them and starts again on its port: they come back as tabs do, by their own policy. */
export async function storm({ contributors }: LoadOptions, say: (line: string) => void): Promise<readonly Figure[]> {
  askForDescriptors(contributors);
  const stage = await openStage({ ...{ template: 'seed-dense' }, id: 'storm' }, { nodeArgs: [], env: ENV });
  const { crowd, target } = stage;
  let { server } = stage;
  try {
    crowd.join(target, contributors, JOINS_PER_SECOND);
    await crowd.until('everybody is there', 120_000, ({ available }) => available === contributors);
    crowd.forgetJoins();
    say(`${contributors} are there; the server is killed`);
    const killedAt = performance.now();
    await server.kill();
    server = await startServer({ dataFolder: server.dataFolder, port: server.port, env: ENV });
    const startedAt = performance.now();
    await crowd.until('half are back', 120_000, ({ available }) => available >= contributors / 2);
    const halfAt = performance.now();
    const back = await crowd.until('everybody is back', 300_000, ({ available }) => available === contributors);
    const backAt = performance.now();
    return [
      figure('contributors', contributors, whole),
      figure('from the kill until the server listens again', startedAt - killedAt, seconds),
      figure('… until half are checked in again', halfAt - killedAt, seconds),
      figure('… until all are', backAt - killedAt, seconds, 60_000),
      figure('a join meanwhile, p99', back.joins.p99Ms, milliseconds),
      figure('… at most', back.joins.maximumMs, milliseconds),
      figure('peak memory of the server process', (await memoryOf(server.pid)).peakBytes, megabytes),
    ];
  } finally {
    await closeStage({ server, crowd });
  }
}
