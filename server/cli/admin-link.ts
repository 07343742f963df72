import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { secureRng } from '../../shared/rng.ts';
import { createAdmins } from '../auth/admins.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { findRunning } from '../running.ts';
import type { Storage } from '../storage/port.ts';
import { openPostgres } from '../storage/postgres/open.ts';
import { openSqlite } from '../storage/sqlite/sqlite.ts';

type Place = Pick<Config, 'dataFolder' | 'databaseUrl'>;

/** A new one-time code for the server that runs on this data folder, with that server's URL; null if none runs. */
export async function codeForRunning(place: Place): Promise<{ readonly url: string; readonly code: string } | null> {
  const running = await findRunning(place.dataFolder);
  if (running === null) return null;
  const storage = await openBeside(place);
  if (storage === null) return null;
  try {
    const store = storage.admin;
    const admins = createAdmins({ store, adminToken: null, clock: systemClock, random: secureRng });
    const code = await admins.makeLink();
    const at = systemClock.now();
    await store.appendAudit({ at, actor: 'system', action: 'link.make', task: null, details: { by: 'command' } });
    return { url: running.url, code };
  } finally {
    await storage.close();
  }
}

/** Beside the server, which holds the folder's lock: for a row of a table that only links are in or of the audit, and to read. Null: no database. */
export async function openBeside({ dataFolder, databaseUrl }: Place): Promise<Storage | null> {
  if (databaseUrl !== null) return openPostgres(databaseUrl);
  const file = join(dataFolder, 'fedtab.db');
  return existsSync(file) ? openSqlite(file) : null;
}

/** Prints a new link for the running server; false if none runs on this data folder. */
export async function printAdminLink(place: Place): Promise<boolean> {
  const made = await codeForRunning(place);
  if (made !== null) console.log(`Admin: ${made.url}/admin#${made.code}`);
  return made !== null;
}
