import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Cluster } from '../../../server/storage/postgres/fixtures/cluster.ts';
import { findPostgres } from '../../../server/storage/postgres/fixtures/programs.ts';
import type { TaskId } from '../../../shared/ids.ts';
import { type RunningServer, startServer } from '../../fixtures/server.ts';
import { Contributors } from '../contributors.ts';
import { History } from '../history.ts';
import { Gate, oneHotTask } from '../one-hot.ts';

const CONTRIBUTORS = 4;
const ALL = Array.from({ length: CONTRIBUTORS }, (_, cell) => cell);
const oneHot = oneHotTask(CONTRIBUTORS);
const task = { ...oneHot, rounds: { ...oneHot.rounds, minimum: 2 } };

let cluster: Cluster;
const folder = mkdtempSync(join(tmpdir(), 'fedtab-backup-'));
beforeAll(async () => {
  cluster = await Cluster.open();
});
afterAll(async () => {
  await cluster.dispose();
  await rm(folder, { recursive: true, force: true });
});

const program = (name: string, args: readonly string[]) => promisify(execFile)(join(findPostgres() ?? '', name), args);

const versionAt = async (server: RunningServer): Promise<number> =>
  (await server.adminJson<{ version: number }>(`/api/tasks/${task.id}`)).version;

it('I1 I2 I4: a backup that is made while rounds run is restored into a new database, and the server goes on from it', async () => {
  const file = join(folder, 'fedtab.dump');
  const database = await cluster.createDatabase();
  const first = await startServer({ env: { FEDTAB_DATABASE_URL: database } });
  const gate = new Gate();
  const contributors = new Contributors(first.url, task.id as TaskId, CONTRIBUTORS, gate);
  const history = new History();
  let second: RunningServer | null = null;
  const committed = (version: number, what: string) =>
    contributors.until(() => contributors.clients.every((client) => (client.view().version ?? 0) >= version), what);
  try {
    await first.adminJson('/api/tasks', { body: task });
    await contributors.start();
    await first.adminJson(`/api/tasks/${task.id}/rounds`, { body: { count: 10_000 } });
    gate.open(1, ALL);
    await committed(1, 'a first round');
    // Two reports of the second round are acknowledged when the backup begins; that round ends, and others, while it is made.
    gate.open(2, [0, 1]);
    await contributors.until(() => contributors.acksOf(2).size === 2, 'the first acks');
    const backup = program('pg_dump', ['--format=custom', `--file=${file}`, database]);
    for (let round = 2; round <= 6; round++) gate.open(round, ALL);
    await Promise.all([backup, committed(6, 'rounds go on meanwhile')]);
    await history.read(first, task.id);
    await first.kill();

    const restored = await cluster.createDatabase();
    await program('pg_restore', ['--exit-on-error', '--single-transaction', `--dbname=${restored}`, file]);
    second = await startServer({ port: first.port, env: { FEDTAB_DATABASE_URL: restored } });
    const version = await history.readCurrent(second, task.id);
    expect(version, 'what was committed before the backup is in it').toBeGreaterThanOrEqual(1);
    expect(version).toBeLessThanOrEqual(6);

    // What came after the backup is gone, and rounds are made again. What was acknowledged before it counts, though those
    // contributors know nothing of that round any more.
    for (let round = 1; round <= 20; round++) gate.open(round, ALL);
    const again = second;
    await expect.poll(() => versionAt(again), { timeout: 90_000, interval: 100 }).toBeGreaterThan(Math.max(2, version));
    const anew = new History();
    await anew.read(second, task.id);
    expect([...(anew.committed.get(1)?.cells ?? [])].sort()).toEqual(ALL);
    expect([...(anew.committed.get(2)?.cells ?? [])]).toEqual(expect.arrayContaining([0, 1]));
    expect(await second.stop()).toBe(0);
  } catch (error) {
    console.error(first.log().slice(-2_000), second?.log().slice(-4_000));
    throw error;
  } finally {
    await contributors.close();
    await first.dispose();
    await second?.dispose();
  }
}, 180_000);
