import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisServer } from '../../server/cluster/fixtures/redis.ts';
import { Cluster } from '../../server/storage/postgres/fixtures/cluster.ts';
import type { RunningServer, ServerOptions } from '../fixtures/server-process.ts';
import { House } from './house.ts';

/** PostgreSQL and Redis of this process of tests, which end with it. */
let common: Promise<readonly [Cluster, RedisServer]> | undefined;
/** What a data folder is to one process: given again, it is the same server after a restart. */
const databases = new Map<string, string>();

/** Several processes that look like one server. */
export async function startTogether(count: number, options: ServerOptions): Promise<RunningServer> {
  common ??= Promise.all([Cluster.open(), RedisServer.open()]);
  const [postgres, redis] = await common;
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'fedtab-together-'));
  const databaseUrl = databases.get(dataFolder) ?? (await postgres.createDatabase());
  databases.set(dataFolder, databaseUrl);
  const house = await House.on(postgres, redis, {
    ...{ count, databaseUrl, port: options.port ?? 0 },
    ...{ env: options.env ?? {}, args: options.args ?? [] },
  });
  const [first] = house.running();
  if (first === undefined) throw new Error('no process runs');
  const { url, port } = house.entrance;
  const logs = (): string =>
    house
      .running()
      .map((server) => server.log())
      .join('');
  let log = '';

  async function end(how: (server: RunningServer) => Promise<unknown>): Promise<number | null> {
    const running = house.running();
    const codes = await Promise.all(running.map(how));
    log = logs();
    await house.close();
    return (codes.find((code) => code !== 0) ?? 0) as number | null;
  }

  const admin: RunningServer['admin'] = (path, request = {}) => {
    const { method, body } = request;
    return fetch(`${url}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        authorization: `Bearer ${first.adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  };
  return {
    ...first,
    ...{ url, port, dataFolder, admin },
    dataFolders: house.running().map((server) => server.dataFolder),
    log: () => log || logs(),
    async adminJson<Answer>(path: string, request?: { readonly method?: string; readonly body?: unknown }) {
      const response = await admin(path, request);
      const text = await response.text();
      if (!response.ok) throw new Error(`${request?.method ?? ''} ${path}: ${response.status} ${text}`);
      return (text === '' ? undefined : JSON.parse(text)) as Answer;
    },
    stop: () => end((server) => server.stop()),
    async kill() {
      await end((server) => server.kill());
    },
    async dispose() {
      await end((server) => server.stop());
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
