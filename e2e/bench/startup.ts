import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { memoryOf } from './server-figures.ts';
import { median, megabytes, milliseconds, tableOf } from './table.ts';

interface Start {
  readonly listeningMs: number;
  readonly stoppedMs: number;
  readonly memoryBytes: number;
}

/** From the start of the process to the line that says where it listens, and from SIGTERM to its end. */
export async function benchStartup(runs: number, say: (line: string) => void): Promise<void> {
  const first: Start[] = [];
  const again: Start[] = [];
  for (let run = 1; run <= runs; run++) {
    const dataFolder = mkdtempSync(join(tmpdir(), 'fedtab-bench-'));
    try {
      first.push(await measure(dataFolder, createTask));
      again.push(await measure(dataFolder));
    } finally {
      await rm(dataFolder, { recursive: true, force: true });
    }
  }
  const row = (name: string, starts: readonly Start[]): string[] => [
    name,
    milliseconds(median(starts.map((start) => start.listeningMs))),
    milliseconds(Math.max(...starts.map((start) => start.listeningMs))),
    megabytes(median(starts.map((start) => start.memoryBytes))),
    milliseconds(median(starts.map((start) => start.stoppedMs))),
  ];
  const header = ['start', `listens after, median of ${runs}`, 'worst', 'memory then', 'SIGTERM to the end'];
  say(tableOf(header, [row('fresh data folder', first), row('restart with one task', again)]));
}

const createTask = (server: RunningServer): Promise<unknown> =>
  server.adminJson('/api/tasks', { body: { template: 'digits' } });

async function measure(
  dataFolder: string,
  use: (server: RunningServer) => Promise<unknown> = async () => {},
): Promise<Start> {
  const startedAt = performance.now();
  const server = await startServer({ dataFolder });
  const listeningMs = performance.now() - startedAt;
  const { nowBytes } = await memoryOf(server.pid);
  await use(server);
  const stoppingAt = performance.now();
  const code = await server.stop();
  if (code !== 0) throw new Error(`the server ended with ${code}\n${server.log()}`);
  return { listeningMs, stoppedMs: performance.now() - stoppingAt, memoryBytes: nowBytes };
}
