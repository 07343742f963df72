import { once } from 'node:events';
import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { Contributors } from '../crash/contributors.ts';
import { History } from '../crash/history.ts';
import { Gate, oneHotTask } from '../crash/one-hot.ts';
import type { RunningServer } from '../fixtures/server.ts';
import { House } from './house.ts';

const CONTRIBUTORS = 6;
const ALL = Array.from({ length: CONTRIBUTORS }, (_, cell) => cell);
const task = oneHotTask(CONTRIBUTORS);

let house: House;
beforeAll(async () => {
  house = await House.open({ count: 3 });
}, 120_000);
afterAll(() => house?.dispose());

const anyServer = (): RunningServer => house.running()[0] as RunningServer;

/** What happens when some of a round's reports are acknowledged and the others are held back. */
const faults: readonly { readonly acks: number; readonly of: string; readonly act: () => Promise<void> }[] = [
  { acks: 3, of: 'nothing', act: async () => {} },
  {
    acks: 2,
    of: 'the process that has the task is killed',
    act: async () => {
      await house.kill(await house.home());
      const killedMs = performance.now();
      await house.home();
      // Its lease of six seconds, and a second until another looks.
      expect(performance.now() - killedMs).toBeLessThan(10_000);
    },
  },
  {
    acks: 3,
    of: 'a new process comes, and another than the one that has the task is killed',
    act: async () => {
      await house.start(house.servers.indexOf(null));
      const home = await house.home();
      await house.kill((home + 1) % house.servers.length);
      await house.start(house.servers.indexOf(null));
    },
  },
  { acks: 4, of: 'Redis forgets everything', act: async () => void (await house.redis.command('FLUSHALL')) },
  {
    acks: 1,
    of: 'Redis is killed and starts anew',
    act: async () => {
      await house.redis.kill();
      await house.redis.start();
    },
  },
  {
    acks: 2,
    of: 'the process that has the task ends in order',
    act: async () => {
      const place = await house.home();
      expect(await house.stop(place)).toBe(0);
      await house.start(place);
    },
  },
];

/** A login, made at one process, and its dashboard, open at another. */
async function dashboardOf(at: RunningServer, other: RunningServer): Promise<{ actor: string; socket: Socket }> {
  const credentials = { method: 'POST', headers: { 'content-type': 'application/json' } };
  const body = JSON.stringify({ token: at.adminToken });
  const loggedIn = await fetch(`${at.url}/api/session`, { ...credentials, body });
  const headers = { cookie: loggedIn.headers.get('set-cookie')?.split(';')[0] ?? '' };
  const { actor } = (await (await fetch(`${at.url}/api/session`, { headers })).json()) as { actor: string };
  const asked = await fetch(`${at.url}/api/session/ticket`, { method: 'POST', headers });
  const { ticket } = (await asked.json()) as { ticket: string };
  const socket = io(`${other.url}/admin`, { transports: ['websocket'], auth: { ticket }, reconnection: false });
  await once(socket as never, 'live');
  return { actor, socket };
}

it.each([
  ['at once where Redis is there', { isSilent: false }],
  ['soon where it is silent', { isSilent: true }],
])('threat A1: a login that ends at one process closes its dashboards at another, %s', async (_, one) => {
  const [at, other] = house.running() as [RunningServer, RunningServer];
  const { actor, socket } = await dashboardOf(at, other);
  try {
    if (one.isSilent) house.redis.signal('SIGSTOP');
    const refused = once(socket as never, 'refused');
    const endedMs = performance.now();
    await at.adminJson(`/api/sessions/${actor}`, { method: 'DELETE' });
    expect(await refused).toMatchObject([{ reason: 'unauthorized' }]);
    // By itself a dashboard's login is looked at every minute.
    expect(performance.now() - endedMs).toBeLessThan(5_000);
  } finally {
    house.redis.signal('SIGCONT');
    socket.close();
  }
});

it('I1 I2 I3 I4 I7: three processes count every acknowledged report once, whoever has the task and whatever goes', async () => {
  const gate = new Gate();
  const contributors = new Contributors(house.entrance.url, task.id as TaskId, CONTRIBUTORS, gate);
  const history = new History();
  try {
    await anyServer().adminJson('/api/tasks', { body: task });
    await contributors.start();
    await anyServer().adminJson(`/api/tasks/${task.id}/rounds`, { body: { count: 10_000 } });
    for (const { acks, of, act } of faults) {
      await contributors.until(() => contributors.roundOfAll() !== null, `${of}: everybody trains in one round`);
      const round = contributors.roundOfAll() ?? 0;
      const { version: before } = await anyServer().adminJson<{ version: number }>(`/api/tasks/${task.id}`);
      gate.open(round, ALL.slice(0, acks));
      await contributors.until(() => contributors.acksOf(round).size >= acks, `${of}: the first acks`);
      await act();
      gate.open(round, ALL);
      await contributors.until(
        () => contributors.clients.every((client) => (client.view().version ?? 0) > before),
        `${of}: the round commits`,
      );
      await history.read(anyServer(), task.id);
      expect([...(history.committed.get(round)?.cells ?? [])].sort(), `${of}: everybody counts`).toEqual(ALL);
    }
  } catch (error) {
    console.error(house.log());
    throw error;
  } finally {
    await contributors.close();
  }
}, 300_000);
