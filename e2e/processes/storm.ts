import { setTimeout as delay } from 'node:timers/promises';
import type { TaskId } from '../../shared/ids.ts';
import { type Rng, seededRng } from '../../shared/rng.ts';
import { Contributors } from '../crash/contributors.ts';
import { History, Violation } from '../crash/history.ts';
import { oneHotTask } from '../crash/one-hot.ts';
import type { RunningServer } from '../fixtures/server.ts';
import { House } from './house.ts';

export interface StormOptions {
  readonly seed: number;
  /** How long faults come. */
  readonly seconds: number;
  readonly say: (line: string) => void;
}

export interface StormFigures {
  readonly faults: Readonly<Record<FaultName, number>>;
  readonly committed: number;
  readonly abandoned: number;
  readonly acknowledged: number;
  readonly counted: number;
  /** From the end of the last fault to the next committed round. */
  readonly healedMs: number;
}

const PROCESSES = 3;
const CONTRIBUTORS = 12;
/** Between the beginnings of two faults, at least and at most. */
const EVERY_MS = [5_000, 9_500] as const;
const HEAL_MS = 60_000;

type Fault = (house: House, rng: Rng) => Promise<void>;

const someMs = (rng: Rng, least: number, most: number): number => least + rng.below(most - least + 1);
const other = (home: number): number => (home + 1) % PROCESSES;

const FAULTS = {
  'kill the process that has the task': async (house) => {
    const home = await house.home();
    await house.kill(home);
    await house.start(home);
  },
  'kill another process': async (house) => {
    const place = other(await house.home());
    await house.kill(place);
    await house.start(place);
  },
  'stop the process that has the task for longer than its lease, and let it go on': async (house, rng) => {
    const { pid } = house.servers[await house.home()] as RunningServer;
    process.kill(pid, 'SIGSTOP');
    await delay(someMs(rng, 7_000, 12_000));
    process.kill(pid, 'SIGCONT');
  },
  'stop another process for a while': async (house, rng) => {
    const { pid } = house.servers[other(await house.home())] as RunningServer;
    process.kill(pid, 'SIGSTOP');
    await delay(someMs(rng, 1_000, 8_000));
    process.kill(pid, 'SIGCONT');
  },
  'end a process in order and start another': async (house, rng) => {
    const place = rng.below(PROCESSES);
    const code = await house.stop(place);
    if (code !== 0) throw new Error(`a process ended with code ${code}`);
    await house.start(place);
  },
  'Redis is silent': async (house, rng) => {
    house.redis.signal('SIGSTOP');
    await delay(someMs(rng, 500, 9_000));
    house.redis.signal('SIGCONT');
  },
  'Redis forgets everything': async (house) => {
    await house.redis.command('FLUSHALL');
  },
  'Redis is killed': async (house, rng) => {
    await house.redis.kill();
    await delay(rng.below(3_000));
    await house.redis.start();
  },
  'PostgreSQL is killed': async (house, rng) => {
    await house.postgres.stop('immediate');
    await delay(rng.below(2_000));
    await house.postgres.start();
  },
  'every connection to PostgreSQL is cut, whatever it is about': async (house, rng) => {
    // Some of them wait for the answer to a COMMIT.
    for (let time = 0; time < 10; time++) {
      await house.postgres.query(
        house.env['FEDTAB_DATABASE_URL'] ?? '',
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`,
      );
      await delay(rng.below(200));
    }
  },
} satisfies Readonly<Record<string, Fault>>;
export type FaultName = keyof typeof FAULTS;
const NAMES = Object.keys(FAULTS) as FaultName[];

/**
 * Three processes under load while one thing after another fails. Throws at the first report that was acknowledged and is
 * not where it must be, that is counted twice or was made by nobody, at versions that are not one dense line, and where no
 * round commits once the faults are over.
 */
export async function storm({ seed, seconds, say }: StormOptions): Promise<StormFigures> {
  const rng = seededRng(seed);
  const task = {
    ...oneHotTask(CONTRIBUTORS),
    rounds: { goal: 6, minimum: 1, overSelection: 1.5, selectionDeadlineMs: 3_000, reportingDeadlineMs: 15_000 },
  };
  const house = await House.open({ count: PROCESSES });
  const work = seededRng(seed, 1);
  const contributors = new Contributors(house.entrance.url, task.id as TaskId, CONTRIBUTORS, {
    // Long enough that faults come in the middle of rounds.
    pass: (_round, _cell, signal) => delay(someMs(work, 300, 1_500), undefined, { signal }),
  });
  const faults = Object.fromEntries(NAMES.map((name) => [name, 0])) as Record<FaultName, number>;
  const server = (): RunningServer => house.running()[0] as RunningServer;
  const history = new History({ mayAbandon: true });
  let isOver = false;
  try {
    await server().adminJson('/api/tasks', { body: task });
    await contributors.start();
    await server().adminJson(`/api/tasks/${task.id}/rounds`, { body: { count: 100_000 } });
    const endsAtMs = performance.now() + 1_000 * seconds;
    // Weights are kept of the last twenty versions.
    const reading = keepReading(house, history, task.id, () => isOver);
    // What it finds wrong is thrown at the next fault, at the latest.
    reading.catch(() => {});
    // Each of them once before any of them twice.
    let bag: FaultName[] = [];
    while (performance.now() < endsAtMs) {
      if (bag.length === 0) bag = [...NAMES];
      const [name] = bag.splice(rng.below(bag.length), 1) as [FaultName];
      const nextAtMs = performance.now() + someMs(rng, ...EVERY_MS);
      say(name);
      await (FAULTS[name] as Fault)(house, rng);
      faults[name] += 1;
      // Five abandoned rounds in a row are a pause.
      await resume(house, task.id);
      await Promise.race([delay(Math.max(0, nextAtMs - performance.now())), reading]);
    }

    const calmMs = performance.now();
    const acknowledged = (): number => [...contributors.acknowledged.values()].reduce((sum, { size }) => sum + size, 0);
    const versionOf = async () => (await server().adminJson<{ version: number }>(`/api/tasks/${task.id}`)).version;
    const before = await versionOf();
    while ((await versionOf()) === before) {
      if (performance.now() - calmMs > HEAL_MS) throw new Error(`no round commits: ${house.log()}`);
      await resume(house, task.id);
      await delay(200);
    }
    const healedMs = Math.round(performance.now() - calmMs);
    isOver = true;
    // What is under way ends, and nothing begins.
    await server().adminJson(`/api/tasks/${task.id}/stop`, { body: {} });
    await contributors.close();
    await reading;
    await history.read(server(), task.id);
    let counted = 0;
    for (const { cells } of history.committed.values()) {
      counted += cells.size;
      for (const cell of cells) if (cell >= CONTRIBUTORS) throw new Error(`cell ${cell} is of nobody`);
    }
    history.holds(contributors.acknowledged);
    for (const round of contributors.acknowledged.keys())
      if (!history.committed.has(round) && !history.abandoned.has(round)) throw new Error(`round ${round} is gone`);
    return {
      ...{ faults, committed: history.committed.size, abandoned: history.abandoned.size },
      ...{ acknowledged: acknowledged(), counted, healedMs },
    };
  } catch (error) {
    say(house.log());
    throw error;
  } finally {
    isOver = true;
    await contributors.close();
    await house.dispose();
  }
}

async function keepReading(house: House, history: History, task: string, isOver: () => boolean): Promise<void> {
  for (let place = 0; !isOver(); place++) {
    const running = house.running();
    const server = running[place % Math.max(1, running.length)];
    try {
      if (server !== undefined) await history.read(server, task, { isRunning: true });
    } catch (error) {
      if (error instanceof Violation) throw error;
    }
    await delay(500);
  }
}

/** Whatever answers just now. */
async function resume(house: House, task: string): Promise<void> {
  for (const server of house.running())
    await server.admin(`/api/tasks/${task}/resume`, { body: {} }).catch(() => undefined);
}
