import { RedisServer } from '../../server/cluster/fixtures/redis.ts';
import { Cluster } from '../../server/storage/postgres/fixtures/cluster.ts';
import { CuttingProxy } from '../../server/storage/postgres/fixtures/cutting-proxy.ts';
import { type RunningServer, type ServerOptions, startProcess } from '../fixtures/server-process.ts';
import { Entrance } from './entrance.ts';
import { Valve } from './valve.ts';

export interface HouseOptions {
  readonly count: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Of the common address; 0, the default, picks a free one. */
  readonly port?: number;
  /** An earlier house's, whose tasks go on; else a new one. */
  readonly databaseUrl?: string;
  readonly args?: readonly string[];
  /** What leads to PostgreSQL and to Redis passes us, who can cut and hold it. */
  readonly hasLines?: boolean;
}

/** Between the processes and what they lean on. */
interface Lines {
  readonly postgres: CuttingProxy;
  /** Of each process, by place. */
  readonly redis: readonly Valve[];
}

const LOG_CHARACTERS = 4_000;

/** Several server processes on one PostgreSQL and one Redis, all of it thrown away afterwards. */
export class House {
  readonly postgres: Cluster;
  readonly redis: RedisServer;
  readonly env: Readonly<Record<string, string>>;
  readonly #args: readonly string[];
  /** Those that run, by place; null where one was killed. */
  readonly servers: (RunningServer | null)[] = [];
  entrance!: Entrance;
  lines: Lines | null = null;
  /** Places of those that are suspended: they hold their connections and answer nothing. */
  readonly #suspended = new Set<number>();
  /** Logs of those that did not end in order. */
  readonly #unclean: string[] = [];

  static async open(options: HouseOptions): Promise<House> {
    const [postgres, redis] = await Promise.all([Cluster.open(), RedisServer.open()]);
    return House.on(postgres, redis, options);
  }

  /** On what runs already; it is disposed of with the house. */
  static async on(postgres: Cluster, redis: RedisServer, options: HouseOptions): Promise<House> {
    const { count, env = {}, port = 0, databaseUrl, args = [], hasLines = false } = options;
    const common = {
      FEDTAB_DATABASE_URL: databaseUrl ?? (await postgres.createDatabase()),
      FEDTAB_REDIS_URL: redis.url,
    };
    const house = new House(postgres, redis, { ...common, ...env }, args);
    if (hasLines) {
      const valves = Array.from({ length: count }, () => Valve.open(redis.port));
      house.lines = { postgres: await CuttingProxy.open(house.databaseUrl), redis: await Promise.all(valves) };
    }
    house.entrance = await Entrance.open(() => house.running().map((server) => server.port), port);
    await Promise.all(Array.from({ length: count }, (_, place) => house.start(place)));
    return house;
  }

  private constructor(
    postgres: Cluster,
    redis: RedisServer,
    env: Readonly<Record<string, string>>,
    args: readonly string[],
  ) {
    this.#args = args;
    this.postgres = postgres;
    this.redis = redis;
    this.env = env;
  }

  /** PostgreSQL's own, past any line. */
  get databaseUrl(): string {
    return this.env['FEDTAB_DATABASE_URL'] ?? '';
  }

  running(): RunningServer[] {
    return this.servers.filter((server) => server !== null && server !== undefined);
  }

  /** A process with a data folder of its own, as on another machine. */
  async start(place: number): Promise<RunningServer> {
    const redis = this.lines?.redis[place];
    const env = {
      ...{ FEDTAB_PUBLIC_URL: this.entrance.url, ...this.env },
      ...(this.lines === null ? {} : { FEDTAB_DATABASE_URL: this.lines.postgres.url }),
      ...(redis === undefined ? {} : { FEDTAB_REDIS_URL: `redis://127.0.0.1:${redis.port}` }),
    };
    const options: ServerOptions = { env, args: this.#args };
    const server = await startProcess(options);
    this.servers[place] = server;
    return server;
  }

  async kill(place: number): Promise<void> {
    const server = this.servers[place];
    this.servers[place] = null;
    await server?.kill();
    await server?.dispose();
  }

  /** SIGSTOP, as if its machine stood still. */
  suspend(place: number): void {
    const server = this.servers[place];
    if (server === null || server === undefined) return;
    this.#suspended.add(place);
    process.kill(server.pid, 'SIGSTOP');
  }

  continue(place: number): void {
    const server = this.servers[place];
    this.#suspended.delete(place);
    if (server !== null && server !== undefined) process.kill(server.pid, 'SIGCONT');
  }

  /** Those that run and are not suspended. */
  answering(): RunningServer[] {
    return this.servers.filter((server, place) => server != null && !this.#suspended.has(place)) as RunningServer[];
  }

  async stop(place: number): Promise<number | null> {
    const server = this.servers[place];
    this.servers[place] = null;
    const code = (await server?.stop()) ?? null;
    if (code !== 0) this.#unclean.push(server?.log().slice(-LOG_CHARACTERS) ?? '');
    await server?.dispose();
    return code;
  }

  /** How many tasks each process has, by place. */
  tasksHeld(): Promise<number[]> {
    return Promise.all(
      this.servers.map(async (server, place) => {
        if (server === null || this.#suspended.has(place)) return 0;
        const text = await (await fetch(`${server.url}/metrics`)).text();
        const counts = [...text.matchAll(/^fedtab_tasks\{state="\w+"\} (\d+)$/gm)];
        return counts.reduce((sum, [, count]) => sum + Number(count), 0);
      }),
    );
  }

  /** The place of the process that has the one task; waits while it passes from one to another. */
  async home(): Promise<number> {
    for (;;) {
      const held = await this.tasksHeld();
      const place = held.indexOf(1);
      if (place >= 0) return place;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  log(): string {
    const running = this.servers.map(
      (server, place) => `--- ${place}\n${server?.log().slice(-LOG_CHARACTERS) ?? 'gone'}`,
    );
    return [...running, ...this.#unclean.map((log) => `--- ended badly\n${log}`)].join('\n');
  }

  /** Everything but PostgreSQL and Redis. */
  async close(): Promise<void> {
    await this.entrance?.close();
    const running = this.running();
    this.servers.length = 0;
    await Promise.all(running.map((server) => server.kill()));
    await Promise.all(running.map((server) => server.dispose()));
    await this.lines?.postgres.close();
    await Promise.all(this.lines?.redis.map((valve) => valve.close()) ?? []);
    this.lines = null;
  }

  async dispose(): Promise<void> {
    await this.close();
    await this.redis.dispose();
    await this.postgres.dispose();
  }
}
