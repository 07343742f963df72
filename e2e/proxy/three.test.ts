import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { History } from '../crash/history.ts';
import { oneHotTask } from '../crash/one-hot.ts';
import { House } from '../processes/house.ts';
import { type RunningProxy, startProxy } from './haproxy.ts';

// What deploy/compose.yaml starts, without Docker: three servers, PostgreSQL, Redis, and HAProxy with TLS before them.

const CONTRIBUTORS = 6;
const seed = Number(process.env['PROXY_SEED'] ?? 20_261_201);
const task = oneHotTask(CONTRIBUTORS);
const repository = join(import.meta.dirname, '../..');

let house: House;
let proxy: RunningProxy;
beforeAll(async () => {
  house = await House.open({ count: 3, env: { FEDTAB_TRUSTED_PROXIES: '1', FEDTAB_PUBLIC_URL: 'https://localhost' } });
  proxy = await startProxy(house.running().map((server) => server.port));
}, 120_000);
afterAll(async () => {
  proxy?.dispose();
  await house?.dispose();
});

/** Its certificate signed itself, and whom a process trusts is said where it starts. */
function startContributors() {
  const args = ['--import', './e2e/typescript.mjs', 'e2e/proxy/contributors-process.ts'];
  const process_ = spawn(process.execPath, [...args, proxy.secureUrl, task.id, String(CONTRIBUTORS), String(seed)], {
    cwd: repository,
    env: { ...process.env, NODE_EXTRA_CA_CERTS: proxy.caFile },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const output = text(process_.stdout);
  return {
    /** Round → cells whose reports were acknowledged. */
    async stop(): Promise<Map<number, Set<number>>> {
      process_.stdin.end();
      const acknowledged = JSON.parse(await output) as readonly (readonly [number, readonly number[]])[];
      return new Map(acknowledged.map(([round, cells]) => [round, new Set(cells)]));
    },
    async dispose(): Promise<void> {
      if (process_.exitCode !== null || process_.signalCode !== null) return;
      process_.kill('SIGKILL');
      await once(process_, 'exit');
    },
  };
}

it(`I1 I2 I3 I4 I7: three servers behind the proxy over TLS, of which one ends in order and the one that has the task is killed (PROXY_SEED=${seed})`, async () => {
  const server = () => house.running()[0]!;
  const version = async (): Promise<number> =>
    (await server().adminJson<{ version: number }>(`/api/tasks/${task.id}`)).version;
  const goesOn = async (of: string): Promise<void> => {
    const before = await version();
    await expect.poll(version, { message: of, timeout: 60_000 }).toBeGreaterThan(before + 2);
  };
  await server().adminJson('/api/tasks', { body: task });
  await server().adminJson(`/api/tasks/${task.id}/rounds`, { body: { count: 10_000 } });
  const contributors = startContributors();
  try {
    await goesOn('with all three');
    const home = await house.home();
    expect(await house.stop((home + 1) % 3)).toBe(0);
    await goesOn('without one of the others');
    await house.kill(home);
    await goesOn('without the one that had the task');
    await server().adminJson(`/api/tasks/${task.id}/pause`, { body: {} });
    const history = new History({ mayAbandon: true });
    const acknowledged = await contributors.stop();
    await history.read(server(), task.id);
    history.holds(acknowledged);
    expect(history.committed.size).toBeGreaterThanOrEqual(9);
    expect(acknowledged.size).toBeGreaterThanOrEqual(9);
  } catch (error) {
    console.error(house.log());
    throw error;
  } finally {
    await contributors.dispose();
  }
}, 300_000);
