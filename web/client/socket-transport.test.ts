import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refuse } from '../../shared/errors.ts';
import type { TaskId } from '../../shared/ids.ts';
import { assignmentOf, receiptOf, sha256Of, status, tokenOf, welcome } from './fakes/play.ts';
import { type SocketTimeouts, socketTransport } from './socket-transport.ts';
import type { Session, SessionInbox } from './transport.ts';

const task = 'digits' as TaskId;
const handshake = { protocol: { min: 1, max: 1 }, secret: '0'.repeat(32) };
const unanswered = { ok: false, reason: 'unanswered' };

/** What came into the inbox, in order, and the next of it to wait for. */
class Heard {
  readonly all: [name: string, ...args: unknown[]][] = [];
  readonly bytes = { sent: 0, received: 0 };
  #waiting: (() => void)[] = [];

  readonly inbox: SessionInbox = {
    welcome: (message) => this.#add('welcome', message),
    status: (message) => this.#add('status', message),
    assign: (message) => this.#add('assign', message),
    weights: (message, bytes) => this.#add('weights', message, bytes),
    round: (message) => this.#add('round', message),
    retry: (message) => this.#add('retry', message),
    draining: (message) => this.#add('draining', message),
    refused: (refusal) => this.#add('refused', refusal),
    closed: () => this.#add('closed'),
    traffic: (direction, bytes) => {
      this.bytes[direction] += bytes;
    },
  };

  #add(...entry: [name: string, ...args: unknown[]]): void {
    this.all.push(entry);
    for (const tell of this.#waiting.splice(0)) tell();
  }

  async until(name: string): Promise<unknown[]> {
    for (;;) {
      const found = this.all.find(([heard]) => heard === name);
      if (found !== undefined) return found.slice(1);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

let http: ReturnType<typeof createServer>;
let server: Server;
let address: string;
let sessions: Session[];
/** What the server does with a new socket: the first thing that it says is welcome. */
let greet: (socket: Socket) => void;

beforeEach(async () => {
  http = createServer();
  server = new Server(http, { transports: ['websocket'], serveClient: false, path: '/learn/socket.io/' });
  greet = (socket) => socket.emit('welcome', welcome);
  server.on('connection', (socket) => greet(socket));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(http.address() as AddressInfo).port}/learn/`;
  sessions = [];
});

afterEach(async () => {
  for (const session of sessions) session.close();
  await server.close();
});

function open(timeouts: Partial<SocketTimeouts> = {}): { readonly session: Session; readonly heard: Heard } {
  const heard = new Heard();
  const session = socketTransport(timeouts).open({ server: address, task, handshake }, heard.inbox);
  sessions.push(session);
  return { session, heard };
}

async function opened(timeouts: Partial<SocketTimeouts> = {}) {
  let socket: Socket | undefined;
  const before = greet;
  greet = (fresh) => {
    socket = fresh;
    before(fresh);
  };
  const { session, heard } = open(timeouts);
  await heard.until('welcome');
  return { session, heard, socket: socket as Socket };
}

describe('a session over Socket.IO', () => {
  it('connects by websocket below the path of the server, with the task in the query and the secret in the handshake', async () => {
    const { socket, heard } = await opened();
    expect(socket.conn.transport.name).toBe('websocket');
    expect(socket.handshake.query.task).toBe('digits');
    expect(socket.handshake.auth).toEqual(handshake);
    expect(await heard.until('welcome')).toEqual([welcome]);
  });

  it('hands over what the server says', async () => {
    const { socket, heard } = await opened();
    const bytes = Buffer.from([1, 2, 3, 4]);
    socket.emit('status', status);
    socket.emit('assign', assignmentOf(1));
    socket.emit('weights', { version: 1, sha256: sha256Of(1), bytes: 4 }, bytes);
    socket.emit('retry', { round: 1, afterMs: 5, beforeMs: 9 });
    socket.emit('round', { number: 1, outcome: 'abandoned', reason: 'too-few', accepted: 0, yours: null });
    socket.emit('draining', { retryAfterMs: 7 });
    await heard.until('draining');
    expect(heard.all.map(([name]) => name)).toEqual([
      'welcome',
      'status',
      'assign',
      'weights',
      'retry',
      'round',
      'draining',
    ]);
    const [message, received] = await heard.until('weights');
    expect(message).toEqual({ version: 1, sha256: sha256Of(1), bytes: 4 });
    expect(received).toEqual(new Uint8Array([1, 2, 3, 4]));
  });

  it('C20: what does not parse is not heard, nor weights of another length than they say', async () => {
    const { socket, heard } = await opened();
    socket.emit('status', { ...status, version: -1 });
    socket.emit('assign', { ...assignmentOf(1), token: 'short' });
    socket.emit('assign');
    socket.emit('weights', { version: 1, sha256: sha256Of(1), bytes: 5 }, Buffer.from([1, 2, 3, 4]));
    socket.emit('weights', { version: 1, sha256: sha256Of(1), bytes: 5 });
    socket.emit('weights', { version: 1, sha256: sha256Of(1), bytes: 5 }, 'bytes');
    socket.emit('round', null);
    socket.emit('no-such-event', 1);
    socket.emit('draining', { retryAfterMs: 7 });
    await heard.until('draining');
    expect(heard.all.map(([name]) => name)).toEqual(['welcome', 'draining']);
  });

  const part = assignmentOf(1);
  const ownReceipt = { ...receiptOf(1), updateId: part.updateId };

  it('asks and is answered', async () => {
    const asked: unknown[] = [];
    greet = (socket) => {
      socket.onAny((event: string, message: unknown, ...rest: unknown[]) => {
        const ack = rest.at(-1) as ((answer: unknown) => void) | undefined;
        asked.push([event, message]);
        if (event === 'report-chunk') asked.push((rest[0] as Buffer).length);
        if (event === 'resume') ack?.({ ok: true, assignment: assignmentOf(1), receipt: null });
        else if (event === 'report-begin') ack?.({ ok: true, received: [0, 2], receipt: null });
        else if (event === 'report-end') ack?.({ ok: true, receipt: ownReceipt });
        else if (event !== 'progress') ack?.({ ok: true });
      });
      socket.emit('welcome', welcome);
    };
    const { session } = await opened();
    const token = tokenOf(1);
    const begin = {
      token,
      bytes: 108,
      sha256: sha256Of(2),
      metrics: { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 1 },
    };
    session.progress({ token, phase: 'training', share: 0.5 });
    expect(await session.checkIn({ examples: 3, backend: 'cpu', held: null })).toEqual({ ok: true });
    expect(await session.resume(part)).toEqual({ ok: true, assignment: assignmentOf(1), receipt: null });
    expect(await session.reportBegin(begin, part.updateId)).toEqual({ ok: true, received: [0, 2], receipt: null });
    expect(await session.reportChunk({ token, index: 1, crc32: 7 }, new Uint8Array(12).subarray(4))).toEqual({
      ok: true,
    });
    expect(await session.reportEnd(part)).toEqual({ ok: true, receipt: ownReceipt });
    expect(await session.checkOut()).toEqual({ ok: true });
    expect(await session.forget()).toEqual({ ok: true });
    expect(asked).toEqual([
      ['progress', { token, phase: 'training', share: 0.5 }],
      ['check-in', { examples: 3, backend: 'cpu', held: null }],
      ['resume', { token }],
      ['report-begin', begin],
      ['report-chunk', { token, index: 1, crc32: 7 }],
      8,
      ['report-end', { token }],
      ['check-out', {}],
      ['forget', {}],
    ]);
  });

  it('P27: the receipt of another report is no answer', async () => {
    const others = {
      ok: true,
      assignment: null,
      received: [],
      receipt: { ...ownReceipt, updateId: assignmentOf(2).updateId },
    };
    greet = (socket) => {
      socket.onAny((_event: string, _message: unknown, ack: (answer: unknown) => void) => ack(others));
      socket.emit('welcome', welcome);
    };
    const token = tokenOf(1);
    const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 1 };
    for (const ask of [
      (session: Session) => session.resume(part),
      (session: Session) => session.reportBegin({ token, bytes: 108, sha256: sha256Of(2), metrics }, part.updateId),
      (session: Session) => session.reportEnd(part),
    ]) {
      const { session, heard } = await opened();
      expect(await ask(session)).toEqual(unanswered);
      expect(heard.all.at(-1)).toEqual(['closed']);
    }
  });

  it('hands refusals on as they are', async () => {
    const refusal = refuse('busy', 'come back', 400);
    greet = (socket) => {
      socket.on('check-in', (_message, ack) => ack(refusal));
      socket.emit('welcome', welcome);
    };
    const { session } = await opened();
    expect(await session.checkIn({ examples: 3, backend: 'cpu', held: null })).toEqual(refusal);
  });

  it('C20: an answer that does not come in time ends the session', async () => {
    const { session, heard } = await opened({ controlMs: 50 });
    expect(await session.checkOut()).toEqual(unanswered);
    expect(heard.all.map(([name]) => name)).toEqual(['welcome', 'closed']);
    expect(await session.checkOut()).toEqual(unanswered);
  });

  it.each([[{ ok: 'yes' }], [{ ok: false, reason: 'because', message: 'x' }], [null], ['ok']])(
    'C20: the answer %j ends the session',
    async (answer) => {
      greet = (socket) => {
        socket.on('check-out', (_message, ack) => ack(answer));
        socket.emit('welcome', welcome);
      };
      const { session, heard } = await opened();
      expect(await session.checkOut()).toEqual(unanswered);
      expect(heard.all.at(-1)).toEqual(['closed']);
    },
  );

  it('C17: a server that is not there, goes away or does not welcome ends it once, and it does not come back by itself', async () => {
    const { socket, heard, session } = await opened();
    const asking = session.checkOut();
    socket.conn.close();
    await heard.until('closed');
    expect(await asking).toEqual(unanswered);
    greet = () => {};
    const unwelcome = open({ openMs: 50 });
    await unwelcome.heard.until('closed');
    await server.close();
    const nobody = open();
    await nobody.heard.until('closed');
    for (const { all } of [heard, unwelcome.heard, nobody.heard])
      expect(all.filter(([name]) => name === 'closed')).toHaveLength(1);
    expect(server.engine.clientsCount).toBe(0);
  });

  it('C20: what its transport cannot read ends it, and not the process', async () => {
    const broken = createServer();
    // An open packet of Engine.IO whose JSON is damaged, in one text frame.
    const packet = Buffer.from('0{"sid":"x","pingInterval":25000,"pingTimeout":20 00}');
    broken.on('upgrade', ({ headers }, socket) => {
      const accept = createHash('sha1')
        .update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.on('error', () => {});
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.write(Buffer.concat([Buffer.from([0x81, packet.length]), packet]));
    });
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
    const heard = new Heard();
    const { port } = broken.address() as AddressInfo;
    socketTransport().open({ server: `http://127.0.0.1:${port}`, task, handshake }, heard.inbox);
    expect(await heard.until('closed')).toEqual([]);
    broken.close();
  });

  it('C18: a refused handshake says why', async () => {
    const refusal = refuse('upgrade-required', 'load a newer page');
    server.use((_socket, next) => next(Object.assign(new Error('refused'), { data: refusal })));
    const { heard } = open();
    expect(await heard.until('refused')).toEqual([refusal]);
    expect(heard.all).toHaveLength(1);
  });

  it('C18: a session that the server ends says why, once', async () => {
    const { socket, heard } = await opened();
    socket.emit('refused', refuse('replaced', 'another session took over'));
    socket.disconnect(true);
    expect(await heard.until('refused')).toEqual([refuse('replaced', 'another session took over')]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard.all.map(([name]) => name)).toEqual(['welcome', 'refused']);
  });

  it('C21: closing sends what was said before, and is heard no more', async () => {
    const said: string[] = [];
    greet = (socket) => {
      socket.onAny((event: string) => said.push(event));
      socket.emit('welcome', welcome);
    };
    const { session, heard, socket } = await opened();
    const gone = new Promise((resolve) => socket.on('disconnect', resolve));
    const asking = session.checkOut();
    session.close();
    await gone;
    expect(said).toEqual(['check-out']);
    expect(await asking).toEqual(unanswered);
    expect(heard.all.map(([name]) => name)).toEqual(['welcome']);
  });

  it('counts the bytes of the frames that go over the wire', async () => {
    const chunk = new Uint8Array(200_000);
    greet = (socket) => {
      socket.on('report-chunk', (_message, _bytes, ack) => ack({ ok: true }));
      socket.emit('welcome', welcome);
    };
    const { session, heard, socket } = await opened();
    const wire = (
      socket.conn.transport as unknown as { socket: { _socket: { bytesRead: number; bytesWritten: number } } }
    ).socket._socket;
    const before = { read: wire.bytesRead, written: wire.bytesWritten, ...heard.bytes };
    await session.reportChunk({ token: tokenOf(1), index: 0, crc32: 1 }, chunk);
    expect(heard.bytes.sent - before.sent).toBe(wire.bytesRead - before.read);
    expect(heard.bytes.received - before.received).toBe(wire.bytesWritten - before.written);
    expect(heard.bytes.sent - before.sent).toBeGreaterThan(200_000);
  });
});
