import { join as pathOf } from 'node:path';
import { join } from '../conformance/minimal-client.ts';
import { ASKED_FOR_MEMORY, heldBytes } from '../fixtures/held-memory.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

const SETTLED_MS = 60_000;

/** A server that tells the memory that it holds and what keeps its main thread at work for long, without tasks. */
export const watchedServer = (env: Readonly<Record<string, string>> = {}): Promise<RunningServer> =>
  startServer({
    nodeArgs: [...ASKED_FOR_MEMORY, '--import', pathOf(import.meta.dirname, 'watching.mjs')],
    env: { FEDTAB_MAX_PER_ADDRESS: '1000000', FEDTAB_LOG: 'error', ...env },
  });

export const answers = (server: RunningServer): Promise<boolean> =>
  fetch(`${server.url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );

/** The process is there, takes a newcomer into this task, and has logged no fault of its own. */
export async function mustBeWell(server: RunningServer, task: string, logFrom: number): Promise<void> {
  const { socket } = await join(server.url, task);
  const answer = (await socket.timeout(20_000).emitWithAck('check-out', {})) as { readonly ok: boolean };
  socket.disconnect();
  if (!answer.ok) throw new Error(`a newcomer is not served: ${JSON.stringify(answer)}`);
  const faults = server
    .log()
    .slice(logFrom)
    .split('\n')
    .filter((line) => /"level":"(error|fatal)"|^\(node:|UnhandledPromise/.test(line));
  if (faults.length > 0) throw new Error(`the server logged a fault: ${faults.slice(0, 3).join('\n')}`);
}

/** What it holds once that does not get less any more. */
export async function restingBytes(server: RunningServer): Promise<number> {
  let held = await heldBytes(server);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const now = await heldBytes(server);
    if (now > 0.99 * held) return Math.min(now, held);
    held = now;
  }
}

/** What it holds once the last sockets are gone and the last round is over, or after a minute. */
export async function settledBytes(server: RunningServer, wantedBytes: number): Promise<number> {
  const until = performance.now() + SETTLED_MS;
  for (;;) {
    const held = await heldBytes(server);
    if (held <= 1.05 * wantedBytes || performance.now() > until) return held;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}
