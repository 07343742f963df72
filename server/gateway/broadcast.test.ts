import { afterEach, describe, expect, it, vi } from 'vitest';
import { refuse } from '../../shared/errors.ts';
import { sha256Hex } from '../../shared/hash.ts';
import type { AssignmentToken, ClientId, TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { systemClock } from '../clock.ts';
import { Broadcast } from './broadcast.ts';
import { Rig } from './fakes/rig.ts';
import { TURN_COST } from './outbox.ts';
import { noMetrics } from './ports.ts';
import { Sessions } from './sessions.ts';
import { strictParser } from './strict-parser.ts';

const digits = 'digits' as TaskId;
const token = 'a1'.repeat(16) as AssignmentToken;
const nobody = 'ee'.repeat(16) as ClientId;
const weights = Uint8Array.from({ length: 31_400 }, (_, at) => at * 7);
const sha256 = sha256Hex(weights);

let rig: Rig;
afterEach(() => rig.close());

/** So many clients that have been welcomed. */
const joined = (count: number, task = 'digits') =>
  Promise.all(Array.from({ length: count }, () => rig.join(undefined, task)));

describe('weights', () => {
  it('P15: go to the cohort and nobody else, byte for byte, and are counted', async () => {
    rig = await Rig.start();
    const [a, b, other] = await joined(3);
    const cohort = [a?.clientId, b?.clientId, nobody] as ClientId[];
    expect(rig.gateway.downlink.weights(digits, cohort, 4, sha256, weights)).toBe(2);
    for (const member of [a, b]) {
      const [message, bytes] = (await member?.client.nextArgs('weights')) ?? [];
      expect(message).toEqual({ version: 4, sha256, bytes: 31_400 });
      expect(sha256Hex(new Uint8Array(bytes as Uint8Array))).toBe(sha256);
    }
    expect(await other?.client.ask('check-out', {})).toEqual({ ok: true });
    expect(other?.client.waiting('weights')).toBe(0);
  });

  it('P15: are encoded once for the whole cohort, and each member gets the same bytes', async () => {
    rig = await Rig.start();
    const cohort = await joined(5);
    const encode = vi.spyOn(strictParser.Encoder.prototype, 'encode');
    try {
      const clientIds = cohort.map(({ clientId }) => clientId);
      expect(rig.gateway.downlink.weights(digits, clientIds, 4, sha256, weights)).toBe(5);
      for (const { client } of cohort) {
        const [, bytes] = await client.nextArgs('weights');
        expect(sha256Hex(new Uint8Array(bytes as Uint8Array))).toBe(sha256);
      }
      const encoded = encode.mock.calls.map(([packet]) => (packet.data as unknown[])?.[0]);
      expect(encoded.filter((event) => event === 'weights')).toHaveLength(1);
    } finally {
      encode.mockRestore();
    }
  });

  it('P13, P15: go over HTTP to whoever said so, and its assignment says it, too', async () => {
    rig = await Rig.start();
    const [slow, quick] = await joined(2);
    const checkIn = { examples: 1, backend: 'cpu', held: null };
    expect(await slow?.client.ask('check-in', { ...checkIn, weights: 'http' })).toEqual({ ok: true });
    expect(await quick?.client.ask('check-in', checkIn)).toEqual({ ok: true });
    const clientIds = [slow?.clientId, quick?.clientId] as ClientId[];
    const assignment = rig.coordinator.assign(nobody, token, { delivery: 'broadcast' });
    for (const clientId of clientIds) rig.gateway.downlink.assign(digits, clientId, assignment);
    expect(rig.gateway.downlink.weights(digits, clientIds, 4, sha256, weights)).toBe(1);
    expect(await slow?.client.next('assign')).toEqual({ ...assignment, delivery: 'http' });
    expect(await quick?.client.next('assign')).toEqual(assignment);
    await quick?.client.next('weights');
    expect(await slow?.client.ask('check-in', checkIn)).toEqual({ ok: true });
    expect(rig.gateway.downlink.weights(digits, clientIds, 4, sha256, weights)).toBe(2);
    expect(await slow?.client.next('weights')).toMatchObject({ sha256 });
  });

  it('P15: for nobody who is here go to nobody', async () => {
    rig = await Rig.start();
    const [a] = await joined(1);
    expect(rig.gateway.downlink.weights(digits, [], 0, sha256, weights)).toBe(0);
    expect(rig.gateway.downlink.weights(digits, [nobody], 0, sha256, weights)).toBe(0);
    await a?.client.ask('check-out', {});
    expect(a?.client.waiting('weights')).toBe(0);
  });

  it('P15: above 1 MiB are not for the socket', async () => {
    rig = await Rig.start();
    const [a] = await joined(1);
    const large = new Uint8Array(LIMITS.broadcastBytes + 1);
    expect(rig.gateway.downlink.weights(digits, [a?.clientId as ClientId], 0, sha256Hex(large), large)).toBe(0);
    expect(rig.errors).toHaveLength(1);
  });

  it('P15: of the largest size pass', async () => {
    rig = await Rig.start();
    const [a] = await joined(1);
    const large = new Uint8Array(LIMITS.broadcastBytes).fill(3);
    const hash = sha256Hex(large);
    expect(rig.gateway.downlink.weights(digits, [a?.clientId as ClientId], 0, hash, large)).toBe(1);
    const [, bytes] = (await a?.client.nextArgs('weights')) ?? [];
    expect(sha256Hex(new Uint8Array(bytes as Uint8Array))).toBe(hash);
  });

  it('threat C8: P15: pass by a client that does not read, so that it pins no memory', async () => {
    rig = await Rig.start();
    const [slow, quick] = await joined(2);
    // The far side stops reading: what is sent to it stays here.
    const engine = slow?.client.socket.io.engine as unknown as { transport: { ws: { pause(): void } } };
    engine.transport.ws.pause();
    const large = new Uint8Array(LIMITS.broadcastBytes);
    const hash = sha256Hex(large);
    let toSlow = 0;
    for (let version = 0; version < 40; version++) {
      const both = [slow?.clientId, quick?.clientId] as ClientId[];
      if (rig.gateway.downlink.weights(digits, both, version, hash, large) === 2) toSlow += 1;
      expect((await quick?.client.nextArgs('weights'))?.[0]).toMatchObject({ version });
    }
    expect(toSlow).toBeGreaterThan(0);
    expect(toSlow).toBeLessThan(20);
  });
});

describe('the end of a round', () => {
  it('P18: tells everybody in the task, and each what became of its own part', async () => {
    rig = await Rig.start({}, {}, { id: 'other' as TaskId });
    const [a, b, watcher] = await joined(3);
    const [elsewhere] = await joined(1, 'other');
    const end = { number: 7, outcome: 'committed', version: 8, sha256, accepted: 1 } as const;
    rig.gateway.downlink.roundEnded(
      digits,
      end,
      new Map([
        [a?.clientId as ClientId, { yours: 'accepted' as const }],
        [b?.clientId as ClientId, { yours: 'rejected' as const, yoursReason: 'norm' as const }],
        [nobody, { yours: 'dropped' as const }],
      ]),
    );
    expect(await a?.client.next('round')).toEqual({ ...end, yours: 'accepted' });
    expect(await b?.client.next('round')).toEqual({ ...end, yours: 'rejected', yoursReason: 'norm' });
    expect(await watcher?.client.next('round')).toEqual({ ...end, yours: null });
    await elsewhere?.client.ask('check-out', {});
    expect(elsewhere?.client.waiting('round')).toBe(0);
    for (const member of [a, b, watcher]) expect(member?.client.waiting('round')).toBe(0);
  });
});

describe('a word to many', () => {
  /** Sessions without sockets; what is sent to whom is written down. */
  function crowd(count: number) {
    const sent: (readonly [event: string, ids: readonly string[]])[] = [];
    const server = { to: (ids: readonly string[]) => ({ emit: (event: string) => sent.push([event, ids]) }) };
    const sessions = new Sessions();
    for (let at = 0; at < count; at++)
      sessions.open({ task: digits, clientId: `client ${at}`, socket: { id: `socket ${at}`, conn: {} } } as never);
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const broadcast = new Broadcast({ server: server as never, sessions, clock: systemClock, log, metrics: noMetrics });
    const told = () => sent.flatMap(([, ids]) => ids);
    return { broadcast, sent, told };
  }

  it('threat C8: P18: is no more in one turn of the event loop than it has time for, and reaches each once', async () => {
    const { broadcast, sent, told } = crowd(2_000);
    broadcast.roundEnded(digits, { number: 1, outcome: 'abandoned', reason: 'too-few', accepted: 0 }, new Map());
    expect(told().length).toBeLessThanOrEqual(TURN_COST + 64);
    for (let before = -1; told().length < 2_000; ) {
      expect(told().length).toBeGreaterThan(before);
      expect(told().length - Math.max(0, before)).toBeLessThanOrEqual(TURN_COST + 64);
      before = told().length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(new Set(told()).size).toBe(2_000);
    expect(sent.length).toBeLessThan(40);
    broadcast.close();
  });

  it('is nobody’s where nobody is there', () => {
    const { broadcast, sent } = crowd(0);
    broadcast.roundEnded(digits, { number: 1, outcome: 'abandoned', reason: 'too-few', accepted: 0 }, new Map());
    broadcast.close();
    expect(sent).toEqual([]);
  });
});

describe('messages for one client', () => {
  it('P14, P16: reach its live session, and pass by one that is not here', async () => {
    rig = await Rig.start();
    const [a, b] = await joined(2);
    const clientId = a?.clientId as ClientId;
    const assignment = rig.coordinator.assign(clientId, token);
    rig.gateway.downlink.assign(digits, clientId, assignment);
    rig.gateway.downlink.assign(digits, nobody, assignment);
    rig.gateway.downlink.retry(digits, clientId, { round: 1, afterMs: 10, beforeMs: 20 });
    rig.gateway.downlink.retry('nothing' as TaskId, clientId, { round: 1, afterMs: 10, beforeMs: 20 });
    expect(await a?.client.next('assign')).toEqual(assignment);
    expect(await a?.client.next('retry')).toEqual({ round: 1, afterMs: 10, beforeMs: 20 });
    await b?.client.ask('check-out', {});
    expect([b?.client.waiting('assign'), b?.client.waiting('retry')]).toEqual([0, 0]);
  });
});

describe('the status', () => {
  it('P19: comes when it changes, to everybody in the task', async () => {
    rig = await Rig.start();
    const [a, b] = await joined(2);
    for (const member of [a, b]) {
      await member?.client.next('status');
      expect(member?.client.waiting('round')).toBe(0);
    }
    rig.gateway.downlink.changed(digits);
    for (const member of [a, b]) expect(await member?.client.next('status')).toMatchObject({ state: 'running' });
  });

  it('of a task that does not exist is nobody’s', async () => {
    rig = await Rig.start();
    const [a] = await joined(1);
    rig.gateway.downlink.changed('nothing' as TaskId);
    await a?.client.next('status');
    expect(rig.errors).toEqual([]);
  });

  it('that cannot be made does not reach into the coordinator', async () => {
    rig = await Rig.start();
    const [a] = await joined(1);
    await a?.client.next('status');
    rig.coordinator.status = () => {
      throw new Error('a bug');
    };
    rig.gateway.downlink.changed(digits);
    await expect.poll(() => rig.errors.length, { timeout: 10_000 }).toBe(1);
    expect(await a?.client.ask('check-out', {})).toEqual({ ok: true });
  });
});

it('threat A1: P31: a task that is gone ends its sessions, and says why', async () => {
  rig = await Rig.start({}, {}, { id: 'other' as TaskId });
  const [a] = await joined(1);
  const [elsewhere] = await joined(1, 'other');
  rig.gateway.downlink.expel(digits, refuse('unknown-task', 'it was deleted'));
  expect(await a?.client.next('refused')).toEqual(refuse('unknown-task', 'it was deleted'));
  expect(await a?.client.next('disconnect')).toBe('io server disconnect');
  expect(await elsewhere?.client.ask('check-out', {})).toEqual({ ok: true });
});

describe('draining', () => {
  it('threat C10: P30: spreads the clients, refuses new ones, and ends the sessions', async () => {
    rig = await Rig.start();
    const clients = await joined(3);
    const drained = rig.gateway.drain(5_000);
    const waits = await Promise.all(clients.map(async ({ client }) => (await client.next('draining'))['retryAfterMs']));
    expect(new Set(waits).size).toBe(3);
    for (const { client } of clients) {
      expect(await client.next('refused')).toMatchObject({ reason: 'draining' });
      expect(await client.next('disconnect')).toBe('io server disconnect');
    }
    await drained;
    const { status, body } = await rig.upgrade('/socket.io/?EIO=4&transport=websocket&task=digits');
    expect([status, JSON.parse(body)]).toEqual([400, expect.objectContaining({ reason: 'draining' })]);
  });

  it('P30: refuses check-ins, and waits for an upload no longer than it was told', async () => {
    rig = await Rig.start();
    const [a] = await joined(1);
    rig.coordinator.assign(a?.clientId as ClientId, token);
    const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 };
    const begin = { token, bytes: 96 + 199_210 * 4, sha256, metrics };
    expect(await a?.client.ask('report-begin', begin)).toEqual({ ok: true, received: [], receipt: null });
    const drained = rig.gateway.drain(300);
    await a?.client.next('draining');
    expect(await a?.client.ask('check-in', { examples: 1, backend: 'cpu', held: null })).toMatchObject({
      reason: 'draining',
    });
    expect(await a?.client.ask('report-begin', begin)).toMatchObject({ ok: true });
    await drained;
    expect([...rig.spool.files.values()].map((file) => file.state)).toEqual(['paused']);
  });
});
