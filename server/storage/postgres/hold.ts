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

/**
 * Takes the database for this process alone; returns what gives it back. The lock goes with its connection, so whoever lost
 * that does not have it any more and does not know: it keeps two servers from being started by mistake, and fencing tokens
 * keep two that run from writing.
 */
export async function holdDatabase(url: string, heldMs = HELD_MS): Promise<() => Promise<void>> {
  const client = await untilItPasses(() => connect(url));
  const triedFromMs = performance.now();
  for (;;) {
    const { rows } = await client.query('select pg_try_advisory_lock($1) as held', [KEY]).catch((error: unknown) => {
      throw errorOf(error);
    });
    if (rows[0].held === true) return () => client.end();
    if (performance.now() - triedFromMs > heldMs) break;
    await delay(TRY_EVERY_MS);
  }
  await client.end();
  throw new DataFolderInUseError('another Fedtab process has this database: stop it, or choose another one');
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
