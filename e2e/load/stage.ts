import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryOf, scrape, seriesOf } from '../bench/server-figures.ts';
import { scoredCheckpoint } from '../demo/waiting.ts';
import { ASKED_FOR_MEMORY, heldBytes } from '../fixtures/held-memory.ts';
import { type RunningServer, type ServerOptions, startServer } from '../fixtures/server.ts';
import { Crowd } from './crowd.ts';
import type { WireTarget } from './wire.ts';

export interface LoadOptions {
  /** Of `idle` and `storm`. */
  readonly contributors: number;
  readonly idleSeconds: number;
  /** Of `round` and `floor`. */
  readonly reporters: number;
  readonly minutes: number;
}

/** What is measured is one process: all contributors come from one address, whose own limits are not what is tried. */
const ENV = { FEDTAB_MAX_PER_ADDRESS: '1000000' };
/** A server asks for memory in steps, and its first rounds ask for most. */
const SPARE_DESCRIPTORS = 500;

/** Throws where this process, and those it starts, may not open so many sockets. */
export function askForDescriptors(sockets: number): void {
  const limit = /^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  const needed = sockets + SPARE_DESCRIPTORS;
  if (Number(limit) < needed)
    throw new Error(`${sockets} sockets need ${needed} descriptors, and this system gives ${limit}: see ulimit -Hn`);
}

export interface Stage {
  readonly server: RunningServer;
  readonly crowd: Crowd;
  readonly target: WireTarget;
  readonly path: string;
}

/** A server from dist/ with one task, whose first version is scored, and a crowd that has not come yet. */
export async function openStage(task: { readonly id: string }, options: ServerOptions = {}): Promise<Stage> {
  const server = await startServer({ nodeArgs: ASKED_FOR_MEMORY, env: ENV, ...options });
  const crowd = new Crowd();
  const path = `/api/tasks/${task.id}`;
  await server.adminJson('/api/tasks', { body: task });
  await scoredCheckpoint(server.adminJson, path, 0);
  return { server, crowd, path, target: { host: '127.0.0.1', port: server.port, task: task.id } };
}

export async function closeStage({ server, crowd }: Pick<Stage, 'server' | 'crowd'>): Promise<void> {
  await crowd.close();
  await server.kill();
  await server.dispose();
}

export interface ServerNow {
  readonly rssBytes: number;
  /** Heap and buffers. */
  readonly heldBytes: number;
}

/** Memory once the garbage is collected. */
export async function collected(server: RunningServer): Promise<ServerNow> {
  const held = await heldBytes(server);
  return { heldBytes: held, rssBytes: (await memoryOf(server.pid)).nowBytes };
}

export async function cpuMsOf({ url }: RunningServer): Promise<number> {
  return seriesOf(await scrape(url), 'process_cpu_seconds_total') * 1_000;
}

export interface EndedRound {
  readonly number: number;
  readonly outcome: string | null;
  readonly accepted: number;
  readonly startedAt: string;
  readonly endedAt: string;
}

/** The round of this number, once it has ended. */
export async function endedRound(
  { server, path }: Pick<Stage, 'server' | 'path'>,
  number: number,
  withinMs: number,
): Promise<EndedRound> {
  const startedAt = performance.now();
  for (;;) {
    const rounds = await server.adminJson<EndedRound[]>(`${path}/rounds?limit=10`);
    const round = rounds.find((one) => one.number === number);
    if (round?.outcome === 'committed') return round;
    if (round?.outcome) throw new Error(`round ${number}: ${JSON.stringify(round)}`);
    if (performance.now() - startedAt > withinMs) throw new Error(`round ${number} has not ended: ${server.log()}`);
    await sleep(50);
  }
}
