import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Cluster } from '../../server/storage/postgres/fixtures/cluster.ts';
import type { TaskId } from '../../shared/ids.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { Contributors } from './contributors.ts';
import { History } from './history.ts';
import { Gate, oneHotTask } from './one-hot.ts';

const CONTRIBUTORS = 4;
const task = oneHotTask(CONTRIBUTORS);

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.open();
});
afterAll(() => cluster.dispose());

/** What `npm start -- --admin-link` says beside a running server. */
const codeFor = ({ dataFolder }: RunningServer, env: Readonly<Record<string, string>>): string =>
  execFileSync(process.execPath, [join(import.meta.dirname, '../../dist/server/main.js'), '--admin-link'], {
    encoding: 'utf8',
    env: { ...process.env, ...env, FEDTAB_DATA: dataFolder },
  });

/** What dies when so many reports of a round are acknowledged and the others are held back. */
const deaths = [
  { acks: 2, of: 'the server, and its data folder with it' },
  { acks: 1, of: 'PostgreSQL' },
  { acks: 3, of: 'the server' },
  { acks: 0, of: 'PostgreSQL' },
  { acks: 3, of: 'the server, and its data folder with it' },
] as const;

it('I1 I2 I3 I4 I7: on PostgreSQL nothing is lost or doubled, whether the server is killed, loses its folder, or PostgreSQL is killed', async () => {
  const folders = [mkdtempSync(join(tmpdir(), 'fedtab-on-pg-'))];
  const env = { FEDTAB_DATABASE_URL: await cluster.createDatabase() };
  const dataFolder = () => folders.at(-1) ?? '';
  let server: RunningServer = await startServer({ dataFolder: dataFolder(), env });
  const { port, url } = server;
  const gate = new Gate();
  const contributors = new Contributors(url, task.id as TaskId, CONTRIBUTORS, gate);
  const history = new History();
  try {
    await server.adminJson('/api/tasks', { body: task });
    await contributors.start();
    await server.adminJson(`/api/tasks/${task.id}/rounds`, { body: { count: 10_000 } });
    for (const { acks, of } of deaths) {
      await contributors.until(() => contributors.roundOfAll() !== null, 'everybody trains in one round');
      const round = contributors.roundOfAll() ?? 0;
      const { version: before } = await server.adminJson<{ version: number }>(`/api/tasks/${task.id}`);
      gate.open(
        round,
        Array.from({ length: acks }, (_, cell) => cell),
      );
      await contributors.until(() => contributors.acksOf(round).size >= acks, 'the first acks');

      if (of === 'PostgreSQL') {
        await cluster.stop('immediate');
        await cluster.start();
      } else {
        await server.kill();
        if (of !== 'the server') folders.push(mkdtempSync(join(tmpdir(), 'fedtab-on-pg-')));
        server = await startServer({ dataFolder: dataFolder(), port, env });
      }
      expect(await history.readCurrent(server, task.id), `${of}: no version is lost`).toBe(before);
      gate.open(round, contributors.clients.keys());
      await contributors.until(
        () => contributors.clients.every((client) => (client.view().version ?? 0) > before),
        `${of}: the round commits`,
      );
      await history.read(server, task.id);
      expect([...(history.committed.get(round)?.cells ?? [])].sort(), `${of}: everybody counts`).toEqual([0, 1, 2, 3]);
    }
    expect(codeFor(server, env)).toMatch(/^Admin: http\S+#\S+$/m);
    await expect(startServer({ env, startMs: 30_000 })).rejects.toThrow('another Fedtab process has this database');
    expect(await server.stop()).toBe(0);
    expect(server.log()).not.toContain('postgresql:');
  } catch (error) {
    console.error(server.log().slice(-4_000));
    throw error;
  } finally {
    await contributors.close();
    await server.kill();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  }
}, 240_000);
