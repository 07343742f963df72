import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { refuse } from '../../shared/errors.ts';
import { ManualClock } from '../../shared/fixtures/manual-clock.ts';
import type { AssignmentToken, Sha256, TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { clientIdOf } from '../../shared/protocol/index.ts';
import { crc32 } from '../../shared/wire/chunk.ts';
import { newSecret, protocol, Rig, upgradePath } from './fakes/rig.ts';

const digits = 'digits' as TaskId;
const token = 'a1'.repeat(16) as AssignmentToken;
const hash = '0b'.repeat(32) as Sha256;

/** For what comes in a moment, on a machine that may be busy. */
const patience = { timeout: 10_000 };

let rig: Rig;
afterEach(() => rig.close());

describe('the door', () => {
  const site = 'https://site.example';
  const open = { id: 'open' as TaskId, access: { allowedOrigins: ['*'] } };
  const listed = { id: 'listed' as TaskId, access: { allowedOrigins: [site] } };

  it('threat C14: P2: lets in programs, own pages and listed sites, and tells the others `origin`', async () => {
    rig = await Rig.start({ publicUrl: 'https://learn.example' }, {}, open, listed);
    const own = `http://127.0.0.1:${rig.port}`;
    const cases: [task: string, origin: string | null, isIn: boolean][] = [
      ['digits', null, true],
      ['digits', own, true],
      ['digits', 'https://learn.example', true],
      ['digits', site, false],
      ['digits', 'null', false],
      ['digits', 'http://127.0.0.1:1', false],
      ['listed', site, true],
      ['listed', 'http://site.example', false],
      ['listed', 'https://site.example.evil.example', false],
      ['open', site, true],
      ['open', 'null', true],
      ['nothing', site, false],
      ['nothing', null, true],
    ];
    for (const [task, origin, isIn] of cases) {
      const headers: Record<string, string> = origin === null ? {} : { Origin: origin };
      const { status, body } = await rig.upgrade(upgradePath(task), headers);
      expect([task, origin, status]).toEqual([task, origin, isIn ? 101 : 400]);
      if (!isIn) expect(JSON.parse(body)).toMatchObject({ ok: false, reason: 'origin' });
    }
  });

  it('threat C14: P1: takes websockets only, and no session by its id', async () => {
    rig = await Rig.start();
    expect(await (await fetch(`${rig.url}/socket.io/?EIO=4&transport=polling&task=digits`)).json()).toMatchObject({
      code: 0,
    });
    const { client } = await rig.join();
    const sid = client.socket.io.engine.id;
    const headers = { Origin: 'https://evil.example' };
    expect((await rig.upgrade(`${upgradePath('digits')}&sid=${sid}`, headers)).status).toBe(400);
    expect((await rig.upgrade(`${upgradePath('digits')}&sid=x`)).status).toBe(400);
    expect(await client.ask('check-out', {})).toEqual({ ok: true });
  });

  it('threat C7: takes no compressed messages', async () => {
    rig = await Rig.start();
    const offer = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' };
    const { status, headers } = await rig.upgrade(upgradePath('digits'), offer);
    expect([status, headers['sec-websocket-extensions']]).toEqual([101, undefined]);
  });

  it('threat C8: a socket that is not let in yet is heard no longer than a handshake', async () => {
    rig = await Rig.start();
    const closedBy = async (announcedBytes: number): Promise<Buffer | null> => {
      const socket = connect(rig.port, '127.0.0.1');
      socket.write(`GET ${upgradePath('digits')} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`);
      socket.write('Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
      await once(socket, 'data');
      // The head of one masked text frame, and nothing of what it announces.
      socket.write(Buffer.of(0x81, 0x80 | 126, announcedBytes >> 8, announcedBytes & 0xff, 0, 0, 0, 0));
      for await (const data of socket as AsyncIterable<Buffer>) {
        const at = data.indexOf(0x88);
        if (at >= 0) return data.subarray(at + 2, at + 4);
      }
      return null;
    };
    // 1009: too big.
    expect((await closedBy(LIMITS.handshakeMessageBytes + 1))?.readUInt16BE()).toBe(1009);
    const { client } = await rig.join();
    const chunk = new Uint8Array(LIMITS.controlMessageBytes);
    expect(await client.ask('report-chunk', { token, index: 0, crc32: 0 }, chunk)).toMatchObject({
      reason: 'not-assigned',
    });
  });

  it('threat C8: P11: whole chunks are heard from whoever has announced a report that is taken, for 90 s after the last of it', async () => {
    const clock = new ManualClock();
    rig = await Rig.start({ clock });
    const { client, clientId } = await rig.join();
    rig.coordinator.assign(clientId, token);
    const chunk = new Uint8Array(LIMITS.chunkBytes);
    const send = (index: number) => client.ask('report-chunk', { token, index, crc32: crc32(chunk) }, chunk);
    const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 };
    const begin = { token, bytes: 96 + 199_210 * 4, sha256: hash, metrics };
    expect(await client.ask('report-begin', begin)).toMatchObject({ ok: true });
    for (const index of [0, 1]) {
      clock.advance(LIMITS.uploadIdleMs - 1);
      expect(await send(index)).toEqual({ ok: true });
    }
    clock.advance(LIMITS.uploadIdleMs);
    expect(await client.ask('check-out', {})).toEqual({ ok: true });
    const isCut = send(2).catch(() => true);
    expect(await client.next('disconnect')).toBe('transport close');
    expect(await isCut).toBe(true);
  });

  it('threat C8: P11: a chunk of a report that was not announced, or not taken, closes the connection', async () => {
    rig = await Rig.start();
    const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 };
    for (const isAnnounced of [false, true]) {
      const { client } = await rig.join();
      if (isAnnounced)
        expect(await client.ask('report-begin', { token, bytes: 1, sha256: hash, metrics })).toMatchObject({
          reason: 'not-assigned',
        });
      client.socket.emit('report-chunk', { token, index: 0, crc32: 0 }, new Uint8Array(LIMITS.chunkBytes), () => {});
      expect(await client.next('disconnect')).toBe('transport close');
    }
  });

  it('P8: pings each 25 s and waits 60 s, and takes no message above a chunk and its JSON', async () => {
    rig = await Rig.start();
    const { client } = await rig.join();
    const handshake = client.socket.io.engine as unknown as Record<string, unknown>;
    expect([handshake['_pingInterval'], handshake['_pingTimeout'], handshake['_maxPayload']]).toEqual([
      25_000,
      60_000,
      LIMITS.socketMessageBytes,
    ]);
  });

  it('threat C10: P3: holds an address to its sockets and joins', async () => {
    rig = await Rig.start({ socketsPerAddress: 3, joinsPerAddressPerSecond: 1_000 });
    const clients = [await rig.join(), await rig.join(), await rig.join()];
    expect(await rig.upgradeRefusal(upgradePath('digits'))).toMatchObject({ reason: 'rate', retryAfterMs: 10_000 });
    clients[0]?.client.close();
    await expect.poll(async () => (await rig.upgrade(upgradePath('digits'))).status, patience).toBe(101);
    await rig.close();

    rig = await Rig.start({ joinsPerAddressPerSecond: 2, clock: new ManualClock() });
    await rig.join();
    await rig.join();
    expect(await rig.upgradeRefusal(upgradePath('digits'))).toMatchObject({ reason: 'rate' });
  });

  it('threat C10: P3: knows addresses behind a trusted proxy, and believes nobody else', async () => {
    rig = await Rig.start({ joinsPerAddressPerSecond: 1, trustedProxies: 1, clock: new ManualClock() });
    const from = (address: string) => rig.upgrade(upgradePath('digits'), { 'X-Forwarded-For': address });
    expect([(await from('198.51.100.1')).status, (await from('198.51.100.2')).status]).toEqual([101, 101]);
    expect((await from('1.2.3.4, 198.51.100.1')).status).toBe(400);
  });

  it('threat C10: P4: a crowd that joins one task leaves the others their turn; whoever may not join takes no place', async () => {
    const clock = new ManualClock();
    const closed = { id: 'closed' as TaskId, access: { allowedOrigins: [], joinToken: 'let me in please' } };
    rig = await Rig.start({ joinsPerTaskPerSecond: 2, clock }, {}, closed);
    const connect = (task: string, auth = {}) => rig.connect({ protocol, secret: newSecret(), ...auth }, { task });
    for (let count = 0; count < 2; count++) await rig.join();
    expect(await connect('digits').refusal()).toMatchObject({ reason: 'rate', retryAfterMs: 500 });
    for (let count = 0; count < 3; count++)
      expect(await connect('closed').refusal()).toMatchObject({ reason: 'unauthorized' });
    await connect('closed', { joinToken: 'let me in please' }).next('welcome');
    clock.advance(500);
    await rig.join();
  });

  it('threat C12: lives when the coordinator breaks, and lets nobody in', async () => {
    rig = await Rig.start();
    rig.coordinator.breaks.set('task', new Error('a bug'));
    expect(await rig.upgradeRefusal(upgradePath('digits'))).toMatchObject({ reason: 'internal' });
    rig.coordinator.breaks.clear();
    await rig.join();
    expect(rig.errors).toHaveLength(1);
  });
});

describe('the handshake', () => {
  const secret = newSecret();

  it('P4: is refused with the first thing that is wrong', async () => {
    const closed = { id: 'closed' as TaskId, access: { allowedOrigins: [], joinToken: 'let me in please' } };
    rig = await Rig.start({}, {}, closed, { id: 'old' as TaskId });
    rig.coordinator.setArchived('old' as TaskId);
    const cases: [auth: object, task: string | null, reason: string][] = [
      [{ protocol: { min: 2, max: 9 } }, 'nothing', 'upgrade-required'],
      [{ protocol: { min: 0, max: 0 }, secret }, 'digits', 'upgrade-required'],
      [{}, 'digits', 'bad-message'],
      [{ protocol }, 'digits', 'bad-message'],
      [{ protocol, secret: 'abc' }, 'digits', 'bad-message'],
      [{ protocol: 'x', secret }, 'digits', 'bad-message'],
      [{ protocol, secret, joinToken: {} }, 'digits', 'bad-message'],
      [JSON.parse('{"__proto__":{"protocol":{"min":1,"max":1}}}'), 'digits', 'bad-message'],
      [{ protocol, secret }, 'nothing', 'unknown-task'],
      [{ protocol, secret }, 'old', 'unknown-task'],
      [{ protocol, secret }, 'constructor', 'unknown-task'],
      [{ protocol, secret }, '../digits', 'unknown-task'],
      [{ protocol, secret }, null, 'unknown-task'],
      [{ protocol, secret }, 'closed', 'unauthorized'],
      [{ protocol, secret, joinToken: 'let me in pleasE' }, 'closed', 'unauthorized'],
    ];
    for (const [auth, task, reason] of cases) {
      const refusal = await rig.connect(auth, { task }).refusal();
      expect([auth, task, refusal.reason]).toEqual([auth, task, reason]);
    }
    const welcome = await rig
      .connect({ protocol, secret, joinToken: 'let me in please' }, { task: 'closed' })
      .next('welcome');
    expect(welcome).toMatchObject({ task: 'closed', participation: { closed: true } });
    expect(rig.refusals.every(([place]) => place === 'handshake')).toBe(true);
  });

  it('P5, P6: is answered with `welcome`: the highest common protocol, the client’s name, the task', async () => {
    rig = await Rig.start();
    const client = rig.connect({
      protocol: { min: 1, max: 7 },
      secret: '000102030405060708090a0b0c0d0e0f',
      software: 'x',
    });
    expect(await client.next('welcome')).toMatchObject({
      protocol: 1,
      task: 'digits',
      clientId: 'ffd55b82b2a70801b4ac3c641896891e',
      participation: { parameters: 199_210, goal: 3, closed: false },
      status: { state: 'running', version: 0 },
    });
  });

  it('P7: of a newer session takes over; the older is told, and the client is not gone', async () => {
    rig = await Rig.start();
    const older = await rig.join(secret);
    const newer = await rig.join(secret);
    expect(await older.client.next('refused')).toMatchObject({ ok: false, reason: 'replaced' });
    expect(await older.client.next('disconnect')).toBe('io server disconnect');
    expect(await newer.client.ask('check-in', { examples: 1, backend: 'cpu', held: null })).toEqual({ ok: true });
    expect(rig.coordinator.named('disconnected')).toEqual([]);
    expect(rig.gateway.downlink.online(digits)).toBe(1);
    newer.client.close();
    await expect
      .poll(() => rig.coordinator.named('disconnected'), patience)
      .toEqual([['disconnected', 'digits', newer.clientId]]);
    expect(rig.gateway.downlink.online(digits)).toBe(0);
  });

  it('P7: that a later one of the same run has overtaken takes no place; one of another run does', async () => {
    rig = await Rig.start();
    const numbered = (number: number, of = '0011223344556677') =>
      rig.connect({ protocol, secret, connection: { of, number } });
    const newer = numbered(2);
    await newer.next('welcome');
    expect(await numbered(1).next('connect_error')).toMatchObject({ data: { reason: 'replaced' } });
    expect(await newer.ask('check-in', { examples: 1, backend: 'cpu', held: null })).toEqual({ ok: true });
    await numbered(1, '8899aabbccddeeff').next('welcome');
    expect(await newer.next('refused')).toMatchObject({ reason: 'replaced' });
  });

  it('P7: at another process it is the same: the later of two connections of a run stays, and whoever asks is told', async () => {
    rig = await Rig.start();
    const numbered = (number: number) => ({ of: '0011223344556677', number });
    const client = rig.connect({ protocol, secret, connection: numbered(2) });
    await client.next('welcome');
    const clientId = clientIdOf(digits, secret);
    const { gateway } = rig;
    expect(gateway.overtaken(digits, clientId, numbered(1))).toBe(false);
    expect(gateway.downlink.online(digits)).toBe(1);
    expect(gateway.overtaken(digits, clientId, numbered(3))).toBe(true);
    expect(await client.next('refused')).toMatchObject({ reason: 'replaced' });
    expect(gateway.downlink.online(digits)).toBe(0);
    expect(gateway.overtaken(digits, clientId, numbered(4))).toBe(true);
  });

  it('P1: one session a connection: a CONNECT that the network doubled makes no second one, which would replace the first', async () => {
    rig = await Rig.start();
    const client = rig.connect({ protocol, secret });
    client.socket.io.engine.once('open', () => client.raw(`0${JSON.stringify({ protocol, secret })}`));
    await client.next('welcome');
    expect(await client.ask('check-in', { examples: 1, backend: 'cpu', held: null })).toEqual({ ok: true });
    expect(client.waiting('welcome')).toBe(0);
    expect(client.waiting('refused')).toBe(0);
  });

  it('P1: one session a connection: leaving the namespace ends the transport', async () => {
    rig = await Rig.start();
    const { client } = await rig.join();
    const closed = new Promise((resolve) => client.socket.io.engine.once('close', resolve));
    client.raw('1');
    await closed;
    await expect.poll(() => rig.coordinator.named('disconnected'), patience).toHaveLength(1);
  });
});

describe('the events', () => {
  it('reach the coordinator with the task and the client of the session', async () => {
    rig = await Rig.start();
    const { client, clientId } = await rig.join();
    const checkIn = { examples: 600, backend: 'webgl', held: hash };
    expect(await client.ask('check-in', { ...checkIn, unknown: 1 })).toEqual({ ok: true });
    expect(await client.ask('resume', { token })).toEqual({ ok: true, assignment: null, receipt: null });
    client.socket.emit('progress', { token, phase: 'training', share: 0.5 });
    expect(await client.ask('check-out', {})).toEqual({ ok: true });
    expect(await client.ask('forget', {})).toEqual({ ok: true });
    expect(rig.coordinator.calls).toEqual([
      ['checkIn', 'digits', clientId, checkIn],
      ['resume', 'digits', clientId, token],
      ['progress', 'digits', clientId, { token, phase: 'training', share: 0.5 }],
      ['checkOut', 'digits', clientId],
      ['forget', 'digits', clientId],
    ]);
  });

  it('threat C9: check in with the name of the network that they come from, behind a proxy as well', async () => {
    rig = await Rig.start({ trustedProxies: 1 });
    for (const address of ['203.0.113.1', '203.0.113.99', '198.51.100.1']) {
      const client = rig.connect(undefined, { headers: { 'X-Forwarded-For': address } });
      await client.next('welcome');
      expect(await client.ask('check-in', { examples: 1, backend: 'cpu', held: null })).toEqual({ ok: true });
    }
    const [one, neighbour, elsewhere] = rig.coordinator.networks;
    expect([one === neighbour, one === elsewhere]).toEqual([true, false]);
    expect(one).not.toContain('203');
  });

  it('P9: tell the coordinator’s refusal as it is', async () => {
    rig = await Rig.start();
    const { client } = await rig.join();
    rig.coordinator.refuseWith.checkIn = refuse('busy', 'come back', 5);
    expect(await client.ask('check-in', { examples: 1, backend: 'cpu', held: null })).toEqual(
      refuse('busy', 'come back', 5),
    );
  });

  it('threat C12: P9, P28: that break are `internal`, logged with ids, and the session goes on', async () => {
    rig = await Rig.start();
    const { client, clientId } = await rig.join();
    for (const name of ['checkIn', 'resume', 'checkOut', 'progress', 'forget', 'admit', 'disconnected'])
      rig.coordinator.breaks.set(name, new Error('a bug'));
    const chunk = [{ token, index: 0, crc32: 0 }, new Uint8Array(1)];
    const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 };
    for (const [event, ...args] of [
      ['check-in', { examples: 1, backend: 'cpu', held: null }],
      ['check-out', {}],
      ['resume', { token }],
      ['progress', { token, phase: 'training', share: 0 }],
      ['report-begin', { token, bytes: 1, sha256: hash, metrics }],
      ['report-chunk', ...chunk],
      ['report-end', { token }],
      ['forget', {}],
    ] as [string, ...unknown[]][])
      expect([event, await client.ask(event, ...args)]).toEqual([
        event,
        expect.objectContaining({ reason: 'internal' }),
      ]);
    expect(rig.errors).toHaveLength(8);
    expect(rig.errors[0]).toMatchObject({
      task: 'digits',
      client: clientId,
      event: 'check-in',
      reference: expect.any(String),
    });
    rig.coordinator.breaks.clear();
    expect(await client.ask('check-out', {})).toEqual({ ok: true });
  });

  it('P12: beyond 256 a second are refused `rate`, and not for ever', async () => {
    rig = await Rig.start();
    const { client } = await rig.join();
    const answers = await Promise.all(Array.from({ length: 900 }, () => client.ask('check-out', {})));
    const refused = answers.filter((answer) => answer['reason'] === 'rate');
    expect(refused.length).toBeGreaterThan(20);
    expect(refused.length).toBeLessThanOrEqual(900 - LIMITS.messagesPerSocketPerSecond);
    const waitMs = Math.max(...refused.map((answer) => Number(answer['retryAfterMs'])));
    expect(waitMs).toBeLessThan(1_000);
    await expect.poll(async () => (await client.ask('check-out', {})).ok, patience).toBe(true);
  });

  it('threat C8: P12: a flood of packets closes the connection, and only that', async () => {
    rig = await Rig.start();
    const { client: flood } = await rig.join();
    const { client: other } = await rig.join();
    for (let packet = 0; packet < 20_000; packet++) flood.raw('2["nothing"]');
    await flood.next('disconnect');
    expect(await other.ask('check-out', {})).toEqual({ ok: true });
    expect(rig.refusals).toContainEqual(['session', 'rate']);
  });

  it('P12: `progress` beyond 4 a second is dropped', async () => {
    rig = await Rig.start();
    const { client } = await rig.join();
    for (let step = 0; step < 50; step++)
      client.socket.emit('progress', { token, phase: 'training', share: step / 50 });
    await client.ask('check-out', {});
    const count = rig.coordinator.named('progress').length;
    expect(count).toBeGreaterThanOrEqual(LIMITS.progressPerSecond);
    expect(count).toBeLessThan(20);
  });
});
