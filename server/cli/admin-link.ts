import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { secureRng } from '../../shared/rng.ts';
import { createAdmins } from '../auth/admins.ts';
import { systemClock } from '../clock.ts';
import { findRunning } from '../running.ts';
import { openSqlite } from '../storage/sqlite/sqlite.ts';

/** A new one-time code for the server that runs on this data folder, with that server's URL; null if none runs. */
export async function codeForRunning(
  dataFolder: string,
): Promise<{ readonly url: string; readonly code: string } | null> {
  const running = await findRunning(dataFolder);
  const database = join(dataFolder, 'fedtab.db');
  if (running === null || !existsSync(database)) return null;
  // Beside the server, which holds the folder's lock: one row in a table that only links are in.
  const storage = await openSqlite(database);
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

/** Prints a new link for the running server; false if none runs on this data folder. */
export async function printAdminLink({ dataFolder }: { readonly dataFolder: string }): Promise<boolean> {
  const made = await codeForRunning(dataFolder);
  if (made !== null) console.log(`Admin: ${made.url}/admin#${made.code}`);
  return made !== null;
}
