import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { DataFolderInUseError } from '../errors.ts';
import { errorOf } from './errors.ts';
import { untilItPasses } from './transactions.ts';

/** Any number that no other program takes for its own lock on this database. */
const KEY = 0x0fed_7ab1;
/** A process that was killed holds on until PostgreSQL has noticed. */
const HELD_MS = 8_000;
const TRY_EVERY_MS = 100;
const RETAKE_EVERY_MS = 500;

/**
 * Takes the database for this process alone, or together with others that share it; returns what gives it back. The lock goes with its connection, and is taken
 * again where that was lost, if nobody else came first. It keeps two servers from being started by mistake; that two which
 * run do not write what the other does is for fencing tokens to see to.
 */
export async function holdDatabase(url: string, heldMs = HELD_MS, isShared = false): Promise<() => Promise<void>> {
  let isReleased = false;
  const startedMs = performance.now();
  let client = await take(url, isShared, () => performance.now() - startedMs > heldMs);
  if (client === null) {
    const why = isShared ? ' alone: stop it, or start it with FEDTAB_REDIS_URL' : ': stop it, or choose another one';
    throw new DataFolderInUseError(`another Fedtab process has this database${why}`);
  }
  const watch = (held: Client): void => {
    held.once('end', () => {
      if (!isReleased) retaking = retake();
    });
  };
  const retake = async (): Promise<void> => {
    client = await take(url, isShared, () => isReleased).catch(() => null);
    if (client === null) return isReleased ? undefined : delay(RETAKE_EVERY_MS).then(retake);
    watch(client);
  };
  let retaking = Promise.resolve();
  watch(client);
  return async () => {
    isReleased = true;
    await retaking;
    await client?.end();
  };
}

/** Null where it was not to be had until it was enough. */
async function take(url: string, isShared: boolean, isEnough: () => boolean): Promise<Client | null> {
  const client = await untilItPasses(() => connect(url), isEnough);
  const lock = isShared ? 'pg_try_advisory_lock_shared' : 'pg_try_advisory_lock';
  for (;;) {
    const { rows } = await client.query(`select ${lock}($1) as held`, [KEY]).catch((error: unknown) => {
      throw errorOf(error);
    });
    if (rows[0].held === true) return client;
    if (isEnough()) break;
    await delay(TRY_EVERY_MS);
  }
  await client.end();
  return null;
}

async function connect(url: string): Promise<Client> {
  // A machine that went away without a word is noticed within half a minute.
  const options = '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3';
  try {
    const client = new Client({ connectionString: url, application_name: 'fedtab hold', keepAlive: true, options });
    client.on('error', () => {});
    await client.connect();
    return client;
  } catch (error) {
    throw errorOf(error);
  }
}
