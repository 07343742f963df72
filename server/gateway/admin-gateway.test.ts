import * as v from 'valibot';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../shared/fixtures/manual-clock.ts';
import type { Sha256, TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { liveSchema, liveTaskSchema, roundEndedSchema, scoredSchema } from '../../shared/protocol/admin-events.ts';
import { Rig } from './fakes/rig.ts';

const digits = 'digits' as TaskId;
const admin = { actor: 'session-1', expiresAt: null };

let rig: Rig;
afterEach(() => rig.close());

const dashboard = (ticket: string, headers: Record<string, string> = {}) =>
  rig.connect({ ticket }, { task: null, headers, path: '/admin' });

async function watching() {
  rig = await Rig.start();
  rig.tickets.set('good', admin);
  const client = dashboard('good');
  const live = v.parse(liveSchema, await client.next('live'));
  return { client, live };
}

describe('the door for dashboards', () => {
  it('P35: opens for a ticket, once', async () => {
    await watching();
    expect(await dashboard('good').refusal()).toMatchObject({ reason: 'unauthorized' });
    expect(await dashboard('never issued').refusal()).toMatchObject({ reason: 'unauthorized' });
  });

  it('P35: stays shut without a ticket, and for other kinds of it', async () => {
    rig = await Rig.start();
    for (const auth of [{}, { ticket: 7 }, { ticket: '' }, { ticket: 'x'.repeat(129) }, { ticket: { toString: 1 } }])
      expect(await rig.connect(auth, { task: null, path: '/admin' }).refusal()).toMatchObject({
        reason: 'bad-message',
      });
  });

  it('threat C14: P35: opens for own pages and no others, also over a task that any page may join', async () => {
    rig = await Rig.start({}, {}, { id: 'open' as TaskId, access: { allowedOrigins: ['*'] } });
    rig.tickets.set('own', admin);
    rig.tickets.set('foreign', admin);
    await dashboard('own', { Origin: rig.url }).next('live');
    const evil = { Origin: 'https://evil.example' };
    expect(await rig.upgradeRefusal('/socket.io/?EIO=4&transport=websocket', evil)).toMatchObject({ reason: 'origin' });
    const over = rig.connect({ ticket: 'foreign' }, { task: 'open', headers: evil, path: '/admin' });
    expect(await over.refusal()).toMatchObject({ reason: 'origin' });
    expect(rig.tickets.has('foreign')).toBe(true);
  });

  it('threat A1: closes when the login ends, within the session only', async () => {
    const { client } = await watching();
    rig.tickets.set('other', { actor: 'session-2', expiresAt: null });
    const other = dashboard('other');
    await other.next('live');
    rig.logOut('session-1');
    expect(await client.next('refused')).toMatchObject({ reason: 'unauthorized' });
    expect(await client.next('disconnect')).toBe('io server disconnect');
    expect(other.socket.connected).toBe(true);
  });

  it('threat A1: closes when the login expires', async () => {
    rig = await Rig.start();
    rig.tickets.set('short', { actor: 'session-1', expiresAt: Date.now() + 100 });
    const client = dashboard('short');
    await client.next('live');
    expect(await client.next('refused')).toMatchObject({ reason: 'unauthorized' });
  });
});

describe('threat A1: a dashboard that is open', () => {
  it('is a use of its login, every minute, and closes with a login that is gone', async () => {
    const clock = new ManualClock();
    rig = await Rig.start({ clock });
    const minute = async (): Promise<void> => {
      clock.advance(LIMITS.adminSessionUseMs);
      await new Promise(setImmediate);
    };
    const session = { actor: 'session-1', expiresAt: clock.now() + LIMITS.adminSessionLifeMs };
    rig.tickets.set('good', session);
    const client = dashboard('good');
    await client.next('live');
    await minute();
    await minute();
    expect(rig.used).toEqual(['session-1', 'session-1']);
    rig.gone.add('session-1');
    await minute();
    expect(await client.next('refused')).toMatchObject({ reason: 'unauthorized' });
    await minute();
    expect(rig.used).toHaveLength(3);
  });

  it('closes with a login that has ended without a word, once it is looked at', async () => {
    rig = await Rig.start();
    const expiresAt = Date.now() + LIMITS.adminSessionLifeMs;
    const [gone, good] = ['session-1', 'session-2'].map((actor) => {
      rig.tickets.set(actor, { actor, expiresAt });
      return dashboard(actor);
    });
    await Promise.all([gone?.next('live'), good?.next('live')]);
    rig.gone.add('session-1');
    rig.gateway.lookAtLogins();
    expect(await gone?.next('refused')).toMatchObject({ reason: 'unauthorized' });
    expect(good?.socket.connected).toBe(true);
    expect(rig.used).toEqual(['session-1', 'session-2']);
  });
});

describe('P36: a dashboard', () => {
  it('sees every task first', async () => {
    rig = await Rig.start({}, {}, { id: 'second' as TaskId, title: 'Second' });
    rig.coordinator.setArchived('second' as TaskId);
    rig.tickets.set('good', admin);
    const live = v.parse(liveSchema, await dashboard('good').next('live'));
    expect(live.tasks.map(({ task, title, archived }) => [task, title, archived])).toEqual([
      ['digits', 'Handwritten digits', false],
      ['second', 'Second', true],
    ]);
    expect(live.tasks[0]).toMatchObject({ parameters: 199_210, status: { state: 'running' }, contributors: [] });
  });

  it('sees a contributor join and leave within a second', async () => {
    const { client } = await watching();
    rig.coordinator.participants = [
      { client: '01234567', state: 'connected', slot: null, phase: null, backend: null, examples: null },
    ];
    const startedMs = performance.now();
    const { client: contributor } = await rig.join();
    const seen = v.parse(liveTaskSchema, await client.next('task'));
    expect(seen).toMatchObject({ task: 'digits', contributorsCount: 1, contributors: [{ client: '01234567' }] });
    rig.coordinator.participants = [];
    contributor.close();
    expect(v.parse(liveTaskSchema, await client.next('task')).contributorsCount).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });

  it('hears of rounds, scores, new and removed tasks', async () => {
    const { client } = await watching();
    rig.coordinator.emit({
      kind: 'round-ended',
      task: digits,
      round: 3,
      outcome: 'abandoned',
      reason: 'too-few',
      version: null,
      seconds: 30,
    });
    expect(v.parse(roundEndedSchema, await client.next('round-ended'))).toEqual({
      task: 'digits',
      round: 3,
      outcome: 'abandoned',
      reason: 'too-few',
      version: null,
    });
    rig.coordinator.emit({ kind: 'scored', task: digits, version: 2, score: { accuracy: 0.9, loss: 0.3 } });
    expect(v.parse(scoredSchema, await client.next('scored'))).toEqual({
      task: 'digits',
      version: 2,
      accuracy: 0.9,
      loss: 0.3,
    });
    rig.coordinator.addTask({ id: 'new' as TaskId, title: 'New' });
    rig.coordinator.emit({ kind: 'task-created', task: 'new' as TaskId });
    for (;;) if (v.parse(liveTaskSchema, await client.next('task')).task === ('new' as TaskId)) break;
    rig.coordinator.dropTask('new' as TaskId);
    rig.coordinator.emit({ kind: 'task-removed', task: 'new' as TaskId });
    expect(await client.next('task-removed')).toEqual({ task: 'new' });
  });

  it('gets a short list of a crowd, and how many there are in all', async () => {
    const { client } = await watching();
    rig.coordinator.participants = [
      { client: 'assigned', state: 'assigned', slot: 0, phase: null, backend: null, examples: null },
    ];
    rig.coordinator.unshown = 999;
    rig.gateway.downlink.changed(digits);
    const seen = v.parse(liveTaskSchema, await client.next('task'));
    expect(seen.contributorsCount).toBe(1_000);
    expect(seen.contributors.map(({ client }) => client)).toEqual(['assigned']);
  });

  it('is not heard: what it sends has no effect', async () => {
    const { client } = await watching();
    for (const event of ['check-in', 'task', 'live', '__proto__']) client.socket.emit(event, { a: 1 }, () => {});
    rig.gateway.downlink.changed(digits);
    await client.next('task');
    expect(rig.coordinator.calls).toEqual([]);
    expect(rig.errors).toEqual([]);
  });

  it('hears nothing that is meant for contributors', async () => {
    const { client } = await watching();
    rig.gateway.downlink.roundEnded(
      digits,
      { number: 1, outcome: 'committed', accepted: 1, sha256: 'a'.repeat(64) as Sha256 },
      new Map(),
    );
    await client.next('task');
    expect(client.waiting('round')).toBe(0);
  });

  it('is told when the server goes', async () => {
    const { client } = await watching();
    await rig.gateway.drain(0);
    expect(await client.next('refused')).toMatchObject({ reason: 'draining' });
  });
});
