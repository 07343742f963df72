import { setTimeout as delay } from 'node:timers/promises';
import { type Rng, seededRng } from '../../shared/rng.ts';
import type { House } from './house.ts';
import type { Way } from './valve.ts';

// What a storm does to three processes, their Redis and their PostgreSQL: the plan, which follows from the seed alone, and
// how each fault is done.

/** Which part of the house it is done to. Of each part one fault at a time; those of different parts overlap. */
type Part = 'processes' | 'Redis' | 'PostgreSQL';

export interface Fault {
  readonly name: FaultName;
  /** When it is due, in milliseconds from the beginning of the storm; it waits where its part is not whole yet. */
  readonly atMs: number;
  /** How long it lasts; what starts anew is not whole again before it serves, which takes longer. */
  readonly lastsMs: number;
  /** One of the processes, where the fault does not say which. */
  readonly place: number;
}

export const PROCESSES = 3;
/** Between two faults, at least and at most. */
const EVERY_MS = [5_000, 9_500] as const;
/** A process that a fault of another part ended as it started is started again so often at most. */
const STARTS_MAXIMUM = 10;
const CUTS = 10;
/** Of COMMITs, that are lost one after another. */
const ANSWERS = 3;

interface Kind {
  readonly of: Part;
  /** At least and at most. */
  readonly lastsMs: readonly [number, number];
  run(house: House, fault: Fault): Promise<void>;
}

const other = (home: number): number => (home + 1) % PROCESSES;

async function killed(house: House, place: number, { lastsMs }: Fault): Promise<void> {
  await house.kill(place);
  await delay(lastsMs);
  await startAgain(house, place);
}

async function stopped(house: House, place: number, { lastsMs }: Fault): Promise<void> {
  house.suspend(place);
  await delay(lastsMs);
  house.continue(place);
}

async function held({ lines }: House, place: number, { lastsMs }: Fault, ...ways: readonly Way[]): Promise<void> {
  lines?.redis[place]?.hold(...ways);
  await delay(lastsMs);
  lines?.redis[place]?.hold();
}

/** As what watches over a process in production does (`Restart=on-failure`). */
async function startAgain(house: House, place: number): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      await house.start(place);
      return;
    } catch (error) {
      if (tried === STARTS_MAXIMUM) throw error;
      await delay(500);
    }
  }
}

const KINDS = {
  'kill the process that has the task': {
    of: 'processes',
    lastsMs: [0, 0],
    run: async (house, fault) => killed(house, await house.home(), fault),
  },
  'kill another process': {
    of: 'processes',
    lastsMs: [0, 2_000],
    run: async (house, fault) => killed(house, other(await house.home()), fault),
  },
  'stop the process that has the task for longer than its lease, and let it go on': {
    of: 'processes',
    lastsMs: [7_000, 12_000],
    run: async (house, fault) => stopped(house, await house.home(), fault),
  },
  'stop another process for a while': {
    of: 'processes',
    lastsMs: [1_000, 8_000],
    run: async (house, fault) => stopped(house, other(await house.home()), fault),
  },
  'end a process in order and start another': {
    of: 'processes',
    lastsMs: [0, 0],
    run: async (house, { place }) => {
      const code = await house.stop(place);
      if (code !== 0) throw new Error(`a process ended with code ${code}`);
      await startAgain(house, place);
    },
  },
  'Redis is silent': {
    of: 'Redis',
    lastsMs: [500, 9_000],
    run: async ({ redis }, { lastsMs }) => {
      redis.signal('SIGSTOP');
      await delay(lastsMs);
      redis.signal('SIGCONT');
    },
  },
  'Redis forgets everything': {
    of: 'Redis',
    lastsMs: [0, 0],
    run: async ({ redis }) => void (await redis.command('FLUSHALL')),
  },
  'Redis is killed': {
    of: 'Redis',
    lastsMs: [0, 3_000],
    run: async ({ redis }, { lastsMs }) => {
      await redis.kill();
      await delay(lastsMs);
      await redis.start();
    },
  },
  'PostgreSQL is killed': {
    of: 'PostgreSQL',
    lastsMs: [0, 2_000],
    run: async ({ postgres }, { lastsMs }) => {
      await postgres.stop('immediate');
      await delay(lastsMs);
      await postgres.start();
    },
  },
  'every connection to PostgreSQL is cut, whatever it is about': {
    of: 'PostgreSQL',
    lastsMs: [0, 2_000],
    // Some of them wait for the answer to a COMMIT.
    run: async ({ postgres, databaseUrl }, { lastsMs }) => {
      for (let time = 0; time < CUTS; time++) {
        await postgres.query(
          databaseUrl,
          `select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`,
        );
        await delay(lastsMs / CUTS);
      }
    },
  },
  'PostgreSQL commits, and nobody hears that it did': {
    of: 'PostgreSQL',
    lastsMs: [1_000, 4_000],
    run: async ({ lines }, { lastsMs }) => {
      lines?.postgres.cuts.push(...Array<'after'>(ANSWERS).fill('after'));
      await delay(lastsMs);
      lines?.postgres.cuts.splice(0);
    },
  },
  'Redis and the process that has the task hear nothing of each other': {
    of: 'Redis',
    lastsMs: [1_000, 9_000],
    run: async (house, fault) => held(house, await house.home(), fault, 'there', 'back'),
  },
  'a process speaks to Redis and hears nothing': {
    of: 'Redis',
    lastsMs: [1_000, 9_000],
    run: async (house, fault) => held(house, fault.place, fault, 'back'),
  },
} satisfies Readonly<Record<string, Kind>>;
export type FaultName = keyof typeof KINDS;
export const NAMES = Object.keys(KINDS) as FaultName[];

export const partOf = (name: FaultName): Part => KINDS[name].of;

/** Resolves when its part is whole again. */
export const done = (house: House, fault: Fault): Promise<void> => (KINDS[fault.name] as Kind).run(house, fault);

/**
 * What happens in so many seconds, and when: the same from the same seed. Every other fault is of a process and the others of
 * what they lean on, so that a fault that lasts is met by the next; of both each kind once before any of them twice.
 */
export function planOf(seed: number, seconds: number): Fault[] {
  const rng = seededRng(seed);
  const drawOf = [
    bag(
      NAMES.filter((name) => partOf(name) === 'processes'),
      rng,
    ),
  ];
  drawOf.push(
    bag(
      NAMES.filter((name) => partOf(name) !== 'processes'),
      rng,
    ),
  );
  const plan: Fault[] = [];
  for (let atMs = 0; atMs < 1_000 * seconds; atMs += between(EVERY_MS, rng)) {
    const name = drawOf[plan.length % 2]?.() as FaultName;
    plan.push({ name, atMs, lastsMs: between(KINDS[name].lastsMs, rng), place: rng.below(PROCESSES) });
  }
  return plan;
}

const between = ([least, most]: readonly [number, number], rng: Rng): number => least + rng.below(most - least + 1);

/** Draws all of them before any of them again. */
function bag(names: readonly FaultName[], rng: Rng): () => FaultName {
  let left: FaultName[] = [];
  return () => {
    if (left.length === 0) left = [...names];
    const [name] = left.splice(rng.below(left.length), 1) as [FaultName];
    return name;
  };
}
