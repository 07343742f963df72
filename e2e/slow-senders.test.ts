import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LIMITS } from '../shared/limits.ts';
import { join } from './conformance/minimal-client.ts';
import { ASKED_FOR_MEMORY, heldBytes } from './fixtures/held-memory.ts';
import { type RunningServer, startServer } from './fixtures/server.ts';

let server: RunningServer;
const held: Socket[] = [];
beforeAll(async () => {
  // All come from one address here: its own limits are not what is tried.
  server = await startServer({ nodeArgs: ASKED_FOR_MEMORY, env: { FEDTAB_MAX_PER_ADDRESS: '5000' } });
  await server.adminJson('/api/tasks', { body: { template: 'seed-dense', id: 'dense' } });
});
afterAll(async () => {
  for (const socket of held) socket.destroy();
  await server.dispose();
});

/** Says this much and then a header a second, which never ends the headers. */
async function dribbler(said: string): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  held.push(socket);
  await once(socket, 'connect');
  socket.on('error', () => {});
  socket.write(said);
  const drip = setInterval(() => socket.write('x: y\r\n'), 1_000);
  socket.once('close', () => clearInterval(drip));
  return socket;
}

const UPGRADE = [
  'GET /socket.io/?EIO=4&transport=websocket&task=dense HTTP/1.1',
  'Host: x',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
].join('\r\n');

it('threat C8: a socket that is not let in holds 32 kB at most, whatever it has begun to say', async () => {
  const began = LIMITS.handshakeMessageBytes;
  // A masked text frame that is whole but for its last byte.
  const frame = Buffer.concat([
    Buffer.of(0x81, 0x80 | 126, began >> 8, began & 0xff, 0, 0, 0, 0),
    Buffer.alloc(began - 1, 'x'),
  ]);
  const begin = async (count: number): Promise<Socket[]> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const socket = connect(server.port, '127.0.0.1');
        held.push(socket);
        socket.on('error', () => {});
        socket.write(`${UPGRADE}\r\n\r\n`);
        await once(socket, 'data');
        socket.write(frame);
        return socket;
      }),
    );
  // The first of them make the process grow to what any number needs.
  for (const socket of await begin(50)) socket.destroy();
  const before = await heldBytes(server);
  await begin(300);
  const each = ((await heldBytes(server)) - before) / 300;
  expect(each).toBeLessThanOrEqual(32_000);
  expect(each).toBeGreaterThan(1_000);
});

it('threat C6: hundreds who never finish what they begin hold up nobody, and are closed', async () => {
  const closed: Promise<unknown>[] = [];
  for (let index = 0; index < 300; index++) {
    const socket = await dribbler(index % 2 === 0 ? 'GET /api/tasks HTTP/1.1\r\nHost: x\r\n' : `${UPGRADE}\r\n`);
    closed.push(once(socket.resume(), 'close'));
  }
  // Sockets that are open and never say who they are, nor that they close.
  const silent: Promise<unknown>[] = [];
  for (let index = 0; index < 100; index++) {
    const socket = connect(server.port, '127.0.0.1');
    held.push(socket);
    socket.on('error', () => {});
    socket.write(`${UPGRADE}\r\n\r\n`);
    silent.push(once(socket.resume(), 'close'));
  }
  for (let index = 0; index < 5; index++) {
    const { socket, clientId } = await join(server.url, 'dense');
    expect(clientId).toMatch(/^[0-9a-f]{32}$/);
    socket.disconnect();
  }
  expect((await fetch(`${server.url}/api/tasks`)).status).toBe(200);
  // 5 s for who they are and 2 s for the goodbye: before the headers have had their time.
  const isFirst = Promise.race([Promise.all(silent).then(() => true), Promise.all(closed).then(() => false)]);
  expect(await isFirst).toBe(true);
  await Promise.all(closed);
  expect(server.log()).not.toContain('"level":"error"');
});
