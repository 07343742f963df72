import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { attachmentOf, Wire } from './wire.ts';

const http = createServer();
const io = new Server(http, { transports: ['websocket'], maxHttpBufferSize: 1e7 });
beforeAll(() => new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve)));
afterAll(() => io.close());

it('speaks Socket.IO: its handshake, events and acks, attachments of every length both ways, and its end', async () => {
  const heard: unknown[] = [];
  const ended = new Promise<string>((closed) => {
    io.once('connection', (socket) => {
      socket.on('echo', (message: object, bytes: Buffer, ack: (answer: object) => void) => {
        socket.emit('echoed', message, bytes);
        ack({ ok: true, bytes: bytes.length });
      });
      socket.on('leave', () => socket.disconnect(true));
      socket.emit('welcome', { auth: socket.handshake.auth, query: socket.handshake.query['task'] });
    });
    const { port } = http.address() as AddressInfo;
    const wire = new Wire(
      { host: '127.0.0.1', port, task: 'three' },
      { secret: 's' },
      {
        closed,
        async event(name, message, attachment) {
          heard.push([name, message, attachment?.length ?? null]);
          if (name !== 'welcome') return;
          for (const length of [0, 1, 125, 126, 65_535, 65_536, 300_000]) {
            const answer = await wire.ask('echo', { length }, attachmentOf(Buffer.alloc(length, 7)));
            expect(answer).toEqual({ ok: true, bytes: length });
          }
          await wire.ask('leave', {}).catch(() => {});
        },
      },
    );
  });
  await ended;
  expect(heard).toEqual([
    ['welcome', { auth: { secret: 's' }, query: 'three' }, null],
    ...[0, 1, 125, 126, 65_535, 65_536, 300_000].map((length) => ['echoed', { length }, length]),
  ]);
});

it('says that it was not let in', async () => {
  io.of('/').use((_socket, next) => next(new Error('not today')));
  const { port } = http.address() as AddressInfo;
  const why = await new Promise<string>((closed) => {
    new Wire({ host: '127.0.0.1', port, task: 'three' }, {}, { closed, event: () => {} });
  });
  expect(why).toContain('not today');
});
