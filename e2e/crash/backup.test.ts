import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { Contributors } from './contributors.ts';
import { History } from './history.ts';
import { Gate, oneHotTask } from './one-hot.ts';

const CONTRIBUTORS = 4;
const ALL = Array.from({ length: CONTRIBUTORS }, (_, cell) => cell);
const oneHot = oneHotTask(CONTRIBUTORS);
const task = { ...oneHot, rounds: { ...oneHot.rounds, minimum: 2 } };
const path = `/api/tasks/${task.id}`;

interface Said {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** The command, on a data folder. */
const backUp = (dataFolder: string, target: string): Promise<Said> =>
  new Promise((resolve) => {
    const program = join(import.meta.dirname, '../../dist/server/cli/backup.js');
    const env = { ...process.env, FEDTAB_DATA: dataFolder };
    execFile(process.execPath, [program, target], { env }, (error, output, errors) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output, errors }),
    );
  });

it('I1 I2 I4: a backup of SQLite that is made while rounds run has what was acknowledged before it, and a server goes on from it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-backup-'));
  const [early, late] = [join(folder, 'early'), join(folder, 'late')];
  const first = await startServer({ dataFolder: join(folder, 'data') });
  const gate = new Gate();
  const contributors = new Contributors(first.url, task.id as TaskId, CONTRIBUTORS, gate);
  const history = new History();
  let second: RunningServer | null = null;
  const committed = (version: number) =>
    contributors.until(
      () => contributors.clients.every((client) => (client.view().version ?? 0) >= version),
      `version ${version}`,
    );
  try {
    await first.adminJson('/api/tasks', { body: task });
    await contributors.start();
    await first.adminJson(`${path}/rounds`, { body: { count: 10_000 } });
    gate.open(1, ALL);
    await committed(1);
    // Two reports of the second round are acknowledged and lie in the spool.
    gate.open(2, [0, 1]);
    await contributors.until(() => contributors.acksOf(2).size === 2, 'the first acks');
    expect(await backUp(first.dataFolder, early)).toEqual({
      ...{ code: 0, errors: '' },
      output: `${early}: 1 tasks, 2 blobs, 2 reports of open rounds\n`,
    });
    expect(await backUp(first.dataFolder, early)).toMatchObject({ code: 1, errors: `${early} is not empty\n` });
    // Another is made while rounds go on.
    for (let round = 2; round <= 30; round++) gate.open(round, ALL);
    const [made] = await Promise.all([backUp(first.dataFolder, late), committed(8)]);
    expect(made).toMatchObject({ code: 0, errors: '' });
    await history.read(first, task.id, { isRunning: true });
    await first.kill();

    for (const [dataFolder, least] of [
      [early, 1],
      [late, 2],
    ] as const) {
      second = await startServer({ dataFolder, port: first.port });
      const restored = second;
      const version = await history.readCurrent(restored, task.id);
      expect(version).toBeGreaterThanOrEqual(least);
      await expect
        .poll(async () => (await restored.adminJson<{ version: number }>(path)).version, {
          timeout: 60_000,
          interval: 50,
        })
        .toBeGreaterThan(Math.max(2, version));
      // Of a round that was open then, nobody may know any more.
      const anew = new History({ mayAbandon: true });
      await anew.read(restored, task.id, { isRunning: true });
      expect([...(anew.committed.get(1)?.cells ?? [])].sort()).toEqual(ALL);
      expect([...(anew.committed.get(2)?.cells ?? [])]).toEqual(expect.arrayContaining([0, 1]));
      await restored.kill();
    }
  } finally {
    await contributors.close();
    await first.kill();
    await second?.kill();
    await rm(folder, { recursive: true, force: true });
  }
}, 180_000);

it('a backup leaves out weights that are damaged, says which, and needs no server', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-backup-'));
  const dataFolder = join(folder, 'data');
  try {
    expect(await backUp(dataFolder, join(folder, 'to'))).toMatchObject({
      code: 1,
      errors: expect.stringContaining('is no data folder'),
    });
    const server = await startServer({ dataFolder });
    await server.adminJson('/api/tasks', { body: task });
    await server.stop();
    const [sha256 = ''] = readdirSync(join(dataFolder, 'blobs'));
    writeFileSync(join(dataFolder, 'blobs', sha256), 'damaged');
    const said = await backUp(dataFolder, join(folder, 'to'));
    expect(said).toMatchObject({ code: 1, output: expect.stringContaining('1 tasks, 0 blobs') });
    expect(said.errors).toContain(sha256);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
