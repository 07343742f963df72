import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { join } from './conformance/minimal-client.ts';
import { ASKED_FOR_MEMORY, heldBytes } from './fixtures/held-memory.ts';
import { type RunningServer, startServer } from './fixtures/server.ts';

const WANTED = 10_000;
/** Files that this process and the server need besides. */
const OTHER_FILES = 1_000;
const BATCH = 250;

let server: RunningServer;
const held = new Set<Socket>();
beforeAll(async () => {
  // All come from one address here: its own limits are not what is tried.
  server = await startServer({ nodeArgs: ASKED_FOR_MEMORY, env: { FEDTAB_MAX_PER_ADDRESS: '100000' } });
  await server.adminJson('/api/tasks', { body: { template: 'seed-dense', id: 'dense' } });
});
afterAll(async () => {
  for (const socket of held) socket.destroy();
  await server.dispose();
});

/** How far each gets: nothing said, headers that do not end, a handshake that does not come. */
const BEGINNINGS = [
  '',
  'GET /api/tasks HTTP/1.1\r\nHost: x\r\n',
  'GET /socket.io/?EIO=4&transport=websocket&task=dense HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
] as const;

/** Resolves when so many are connected; with what resolves when the server has closed all of them. */
async function open(count: number): Promise<{ readonly closed: Promise<unknown> }> {
  const closed: Promise<unknown>[] = [];
  for (let from = 0; from < count; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - from) }, async (_, index) => {
      const socket = connect(server.port, '127.0.0.1');
      held.add(socket);
      socket.on('error', () => {});
      closed.push(once(socket, 'close').then(() => held.delete(socket)));
      await once(socket, 'connect');
      socket.write(BEGINNINGS[index % BEGINNINGS.length] ?? '');
      socket.resume();
    });
    await Promise.all(batch);
  }
  return { closed: Promise.all(closed) };
}

/** Of what a visitor does: a page, and a join. */
async function serves(): Promise<void> {
  expect((await fetch(`${server.url}/api/tasks`)).status).toBe(200);
  const { socket, clientId } = await join(server.url, 'dense');
  expect(clientId).toMatch(/^[0-9a-f]{32}$/);
  socket.disconnect();
}

it('threats C6 C8: ten thousand half-open sockets hold up nobody, are closed, and their memory comes back', async () => {
  const limit = Number(spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout) || Number.POSITIVE_INFINITY;
  const count = Math.min(WANTED, limit - OTHER_FILES);
  if (count < WANTED) console.log(`${count} half-open sockets instead of ${WANTED}: ulimit -n is ${limit}`);
  // The first of them make the process grow to what any number needs.
  await (await open(1_000)).closed;
  const before = await heldBytes(server);

  const { closed } = await open(count);
  await serves();
  await closed;
  expect(held.size).toBe(0);
  await serves();
  const after = await heldBytes(server);
  console.log(`${count} half-open: held ${(before / 1e6).toFixed(1)} MB before, ${(after / 1e6).toFixed(1)} MB after`);
  // Of each so little stays that none of it can be the socket's.
  expect(after - before).toBeLessThan(300 * count);
  expect(server.log()).not.toContain('"level":"error"');
}, 240_000);
