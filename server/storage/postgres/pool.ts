import { Client, Pool, types } from 'pg';

/** Of one process; a transaction has one for itself. */
const CONNECTIONS_COUNT = 10;
const CONNECT_MS = 5_000;
/** Long enough for a task with all its rounds to be deleted. */
const STATEMENT_MS = 60_000;
const LOCK_MS = 10_000;
/** A process that stopped in the middle of a transaction holds up the others no longer than this. */
const IDLE_IN_TRANSACTION_MS = 15_000;
const INT8 = types.builtins.INT8;

/**
 * Connections to a PostgreSQL database, made as they are needed. A `TypeError` for a URL that cannot be read; it does
 * not say the URL, which may hold a password.
 */
export function connectionsTo(url: string, connectionsCount = CONNECTIONS_COUNT): Pool {
  const pool = poolOf(url, connectionsCount);
  // A connection that ends while nobody uses it is made again when somebody does; in use, its query says so.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

function poolOf(connectionString: string, max: number): Pool {
  checkUrl(connectionString);
  return new Pool({
    ...{ connectionString, max, application_name: 'fedtab', keepAlive: true },
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    // A server that says nothing at all.
    query_timeout: STATEMENT_MS + CONNECT_MS,
    // Statements of a transaction go out together, in order, where they need not wait for each other.
    pipeline: true,
    types: { getTypeParser: parserOf },
  });
}

function checkUrl(connectionString: string): void {
  try {
    if (!/^postgres(ql)?:/.test(connectionString)) throw new TypeError('another scheme');
    new Client({ connectionString });
  } catch {
    throw new TypeError('the URL of the database is not one of PostgreSQL');
  }
}

/** Counts, times and versions are below 2^53. */
const numberOf = (text: string): number => Number(text);

function parserOf(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  return oid === INT8 ? numberOf : (types.getTypeParser(oid, format as 'text') as (text: string) => unknown);
}
