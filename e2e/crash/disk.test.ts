import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { Contributors } from './contributors.ts';
import { History } from './history.ts';
import { Gate, oneHotTask } from './one-hot.ts';

const CONTRIBUTORS = 3;
const task = oneHotTask(CONTRIBUTORS);
const path = `/api/tasks/${task.id}`;

/** A disk that can be filled to the last byte, and emptied again, under a running server. */
interface Disk {
  readonly folder: string;
  fill(server: RunningServer): void;
  free(server: RunningServer): void;
  close(): Promise<void>;
}

/** A file system of 32 MB of its own. Throws what mount said. */
function tmpfs(): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', folder], { encoding: 'utf8' });
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true });
    throw new Error(mounted.stderr || mounted.error?.message);
  }
  const filler = join(folder, 'filler');
  const piece = Buffer.alloc(2 ** 20);
  return {
    folder,
    fill() {
      const file = openSync(filler, 'w');
      expect(() => {
        for (;;) writeSync(file, piece);
      }).toThrow('ENOSPC');
      closeSync(file);
    },
    free: () => rmSync(filler),
    async close() {
      spawnSync('umount', [folder]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function mayMount(): Promise<boolean> {
  try {
    await tmpfs().close();
    return true;
  } catch (error) {
    console.log(`no file system of its own here, only the limit: ${error}`);
    return false;
  }
}

/** A quota: no file of the server may be written to any more. */
function fileSizeLimit(): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-disk-'));
  const limit = ({ pid }: RunningServer, bytes: string): void => {
    const { status, stderr } = spawnSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:unlimited`], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`prlimit: ${stderr}`);
  };
  return {
    folder,
    fill: (server) => limit(server, '0'),
    free: (server) => limit(server, 'unlimited'),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

const disks = [...((await mayMount()) ? [['full', tmpfs] as const] : []), ['at its quota', fileSizeLimit] as const];

it.each(disks)(
  'I1 I2 I4 I7: while the disk is %s nothing is acknowledged and the model is served; with room again the same server goes on',
  async (_, open) => {
    const disk = open();
    try {
      await filledAndFreed(disk);
    } finally {
      await disk.close();
    }
  },
  120_000,
);

async function filledAndFreed(disk: Disk): Promise<void> {
  const server = await startServer({ dataFolder: disk.folder });
  const gate = new Gate();
  const contributors = new Contributors(server.url, task.id as TaskId, CONTRIBUTORS, gate);
  const history = new History({ mayAbandon: true });
  const refused = async (reason: string): Promise<number> => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const counts = text.matchAll(/^fedtab_refusals_total\{.*reason="([\w-]+)"\} (\d+)$/gm);
    return [...counts].reduce((sum, [, found, count]) => (found === reason ? sum + Number(count) : sum), 0);
  };
  try {
    await server.adminJson('/api/tasks', { body: task });
    await server.adminJson(`${path}/rounds`, { body: { count: 2 } });
    await contributors.start();
    await contributors.until(() => contributors.roundOfAll() === 1, 'everybody trains');
    gate.open(1, [0]);
    await contributors.until(() => contributors.acksOf(1).size === 1, 'the first ack');

    disk.fill(server);
    gate.open(1, [1, 2]);
    await expect.poll(() => refused('storage-full'), { timeout: 30_000, interval: 50 }).toBeGreaterThan(3);
    expect(await refused('internal')).toBe(0);
    expect(contributors.acksOf(1)).toEqual(new Set([0]));
    expect((await server.adminJson<{ version: number }>(path)).version).toBe(0);
    await history.readCurrent(server, task.id);

    disk.free(server);
    await contributors.until(() => contributors.clients.every((client) => client.view().version === 1), 'a version');
    await history.read(server, task.id, { isRunning: true });
    history.holds(contributors.acknowledged);
    expect(history.committed.get(1)?.cells).toEqual(new Set([0, 1, 2]));

    await contributors.until(() => contributors.roundOfAll() === 2, 'the next round');
    gate.open(2, [0, 1, 2]);
    await contributors.until(
      () => contributors.clients.every((client) => client.view().version === 2),
      'the next version',
    );
    await history.read(server, task.id);
    history.holds(contributors.acknowledged);
  } finally {
    await contributors.close();
    await server.kill();
  }
}
