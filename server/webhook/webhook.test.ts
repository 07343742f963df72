import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../shared/fixtures/manual-clock.ts';
import type { TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { secureRng } from '../../shared/rng.ts';
import { ScriptedCoordinator } from '../gateway/fakes/scripted-coordinator.ts';
import { checkpoint, client, DIGITS, sha, spec } from '../storage/contract-rows.ts';
import { memoryStorage } from '../storage/memory/memory.ts';
import type { FencingToken, Storage, TaskRow } from '../storage/port.ts';
import { Receiver } from './fixtures/receiver.ts';
import { createPost } from './post.ts';
import { createWebhook, type Webhook } from './webhook.ts';

let receiver: Receiver;
let storage: Storage;
let coordinator: ScriptedCoordinator;
let clock: ManualClock;
let fence: FencingToken;
let webhook: Webhook;
let counted: string[];
/** When the task was made: another one may get its name. */
let createdAt: number;
const logged: unknown[] = [];

beforeEach(async () => {
  receiver = await Receiver.start();
  storage = memoryStorage();
  coordinator = new ScriptedCoordinator();
  clock = new ManualClock();
  counted = [];
  createdAt = 0;
  await storage.tasks.create(spec(), checkpoint(0), 0);
  fence = await storage.tasks.fence(DIGITS);
  webhook = await started();
});
afterEach(async () => {
  await webhook.close();
  await receiver.close();
});

async function started(): Promise<Webhook> {
  const dated = (row: TaskRow): TaskRow => ({ ...row, createdAt });
  const allowed = [receiver.host];
  const note = (fields: unknown): void => void logged.push(fields);
  const made = createWebhook({
    ...{ store: storage.admin, rounds: storage.rounds, checkpoints: storage.checkpoints },
    coordinator: {
      tasks: () => coordinator.tasks().map(dated),
      task: (task) => {
        const row = coordinator.task(task);
        return row && dated(row);
      },
      subscribe: (listener) => coordinator.subscribe(listener),
    },
    ...{ post: createPost({ allowed, clock }), allowed, clock, random: secureRng },
    resolve: async () => ['127.0.0.1'],
    log: { info: note, warn: note, error: note },
    count: (outcome) => void counted.push(outcome),
  });
  await made.start();
  return made;
}

const address = (): string => `http://${receiver.host}/hook?key=private`;
async function set(): Promise<string> {
  const answer = await webhook.set(address());
  if (!answer.ok) throw new Error(answer.failure);
  return answer.value.secret;
}

async function openRound(number: number): Promise<void> {
  const times = { selectionEndsAt: clock.now(), startedAt: clock.now() };
  await storage.rounds.open(fence, { task: DIGITS, number, purpose: 'train', baseVersion: 0, ...times });
}

/** A round that ended without a version, as the coordinator would say it. */
async function abandonRound(number: number, isSaid = true): Promise<void> {
  await openRound(number);
  const counts = {
    selected: 0,
    accepted: 0,
    rejected: {},
    late: 0,
    surplus: 0,
    dropped: 0,
    uplinkBytes: 0,
    downlinkBytes: 0,
  };
  const end = { task: DIGITS, number, counts, assignments: [], endedAt: clock.now(), taskPatch: {} };
  await storage.rounds.abandon(fence, end, 'too-few');
  if (isSaid) sayEnded(number);
}
const sayEnded = (round: number): void =>
  coordinator.emit({
    ...{ kind: 'round-ended', task: DIGITS, round, outcome: 'abandoned', reason: 'too-few' },
    ...{ version: null, seconds: 1 },
  });
const sayState = (state: 'paused' | 'running', reason: string | null = null): void =>
  coordinator.emit({ kind: 'task-state', task: DIGITS, state, reason });

const bodies = (): unknown[] => receiver.received.map(({ body }) => JSON.parse(body));
const ids = (): unknown[] => receiver.received.map(({ headers }) => headers['webhook-id']);
const settled = (): Promise<void> =>
  expect.poll(async () => (await webhook.view())?.waiting, { timeout: 10_000 }).toBe(0);

test('off until an address is set, which then hears how rounds end and that tasks pause', async () => {
  await abandonRound(1);
  expect(await webhook.view()).toBe(null);
  await set();
  expect(await webhook.view()).toEqual({ url: address(), waiting: 0, failures: 0, problem: null, retryAt: null });
  await abandonRound(2);
  sayState('paused', 'too-few');
  await receiver.until(2);
  const timestamp = new Date(clock.now()).toISOString();
  expect(bodies()).toEqual([
    {
      type: 'round.abandoned',
      timestamp,
      data: { task: 'digits', round: 2, purpose: 'train', reason: 'too-few' },
    },
    { type: 'task.paused', timestamp, data: { task: 'digits', reason: 'too-few' } },
  ]);
  await settled();
  expect(counted).toEqual(['delivered', 'delivered']);
});

test('a committed round is told with its version and hash, and without a contributor', async () => {
  await set();
  await openRound(1);
  const counts = {
    selected: 1,
    accepted: 0,
    rejected: {},
    late: 0,
    surplus: 0,
    dropped: 1,
    uplinkBytes: 0,
    downlinkBytes: 0,
  };
  const id = 'a'.repeat(32);
  const part = {
    slot: 0,
    clientId: client(7),
    token: id,
    updateId: id,
    seed: 1,
    own: null,
    end: null,
    rejection: null,
  };
  await storage.rounds.assign(fence, DIGITS, 1, clock.now(), [part as never]);
  const assignments = [{ updateId: id as never, end: 'dropped' as const }];
  const end = { task: DIGITS, number: 1, counts, assignments, endedAt: clock.now(), taskPatch: {} };
  await storage.rounds.commit(fence, end, checkpoint(1));
  sayEnded(1);
  const [said] = await receiver.until(1);
  expect(bodies()[0]).toMatchObject({
    type: 'round.committed',
    data: { task: 'digits', round: 1, purpose: 'train', version: 1, sha256: sha(0xc001) },
  });
  expect(JSON.stringify(said)).not.toContain(client(7));
});

test('each is signed with the secret that was told once', async () => {
  const secret = await set();
  await abandonRound(1);
  const [said] = await receiver.until(1);
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = said?.headers ?? {};
  const mac = createHmac('sha256', Buffer.from(secret.replace('whsec_', ''), 'base64'));
  expect(signature).toBe(`v1,${mac.update(`${id}.${time}.${said?.body}`).digest('base64')}`);
  expect(time).toBe(String(Math.floor(clock.now() / 1000)));
  expect(JSON.stringify(await webhook.view())).not.toContain(secret);
  expect(JSON.stringify(logged)).not.toMatch(/whsec_|private/);
});

describe('at least once', () => {
  test('a receiver that fails gets the same again, under the same id, until it takes it', async () => {
    await set();
    receiver.answer = (response) => void response.writeHead(receiver.received.length < 3 ? 503 : 204).end();
    await abandonRound(1);
    await abandonRound(2);
    for (const [tries, restMs] of [
      [1, 5_000],
      [2, 10_000],
    ] as const) {
      await expect.poll(async () => (await webhook.view())?.failures, { timeout: 10_000 }).toBe(tries);
      expect(await webhook.view()).toMatchObject({
        waiting: 2,
        problem: 'it answered 503',
        retryAt: clock.now() + restMs,
      });
      clock.advance(restMs);
    }
    await receiver.until(4);
    await settled();
    const [first, ...rest] = ids();
    expect(rest.slice(0, 2)).toEqual([first, first]);
    expect(new Set(ids()).size).toBe(2);
    expect(await webhook.view()).toMatchObject({ failures: 0, problem: null });
  });

  test('what a process did not deliver the next one does, and what it did not even see', async () => {
    await set();
    receiver.answer = (response) => void response.destroy();
    await abandonRound(1);
    await receiver.until(1);
    await webhook.close();
    receiver.answer = (response) => void response.writeHead(204).end();
    await abandonRound(2, false);
    await abandonRound(3, false);
    webhook = await started();
    await receiver.until(4);
    await settled();
    expect(bodies().map((body) => (body as { data: { round: number } }).data.round)).toEqual([1, 1, 2, 3]);
    expect(new Set(ids()).size).toBe(3);
  });

  test('a round that is told twice by the coordinator is sent once', async () => {
    await set();
    await abandonRound(1);
    sayEnded(1);
    await abandonRound(2);
    await receiver.until(2);
    await settled();
    expect(receiver.received).toHaveLength(2);
  });

  test('a task that is paused again is told again, and one that stays paused is not', async () => {
    await set();
    sayState('paused');
    sayState('paused');
    sayState('running');
    clock.advance(1);
    sayState('paused', 'guard');
    await receiver.until(2);
    await settled();
    expect(bodies()).toMatchObject([{ data: { reason: null } }, { data: { reason: 'guard' } }]);
    expect(new Set(ids()).size).toBe(2);
  });
});

test('another address has another secret and none of the old events; none at all is told nothing', async () => {
  const first = await set();
  receiver.answer = (response) => void response.writeHead(500).end();
  await abandonRound(1);
  await expect.poll(async () => (await webhook.view())?.failures, { timeout: 10_000 }).toBe(1);
  expect(await set()).not.toBe(first);
  expect(await webhook.view()).toMatchObject({ waiting: 0, failures: 0 });
  await webhook.clear();
  expect(await webhook.view()).toBe(null);
  expect(await storage.admin.setting('webhook')).toBe('');
  clock.advance(LIMITS.webhookKeptMs);
  await abandonRound(2);
  await webhook.close();
  webhook = await started();
  expect(await webhook.view()).toBe(null);
  expect(receiver.received).toHaveLength(1);
});

test('threat C16: an address that may not be posted to is not set', async () => {
  for (const url of ['http://hooks.example/', 'https://10.0.0.1/', 'https://hooks.example/', 'nonsense'])
    expect([url, await webhook.set(url)]).toEqual([url, { ok: false, failure: expect.any(String) }]);
  expect(await webhook.view()).toBe(null);
});

test('a task of the same name as one that was deleted is another task', async () => {
  await set();
  await abandonRound(1);
  await receiver.until(1);
  coordinator.dropTask('digits' as TaskId);
  coordinator.emit({ kind: 'task-removed', task: DIGITS });
  await storage.tasks.remove(DIGITS);
  coordinator.addTask({});
  createdAt = 1;
  await storage.tasks.create(spec(), checkpoint(0), 0);
  fence = await storage.tasks.fence(DIGITS);
  await abandonRound(1);
  await receiver.until(2);
  await settled();
  expect(new Set(ids()).size).toBe(2);
});
