import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** fsync of folders, so that names survive a power cut. Windows has none, and orders its names itself. */
const canSync = process.platform !== 'win32';

const running = new Map<string, Promise<void>>();
const next = new Map<string, Promise<void>>();

/**
 * Makes the names in a folder durable. Calls that come while it is being synced share the sync after it: one that has
 * begun may have missed the caller's rename.
 */
export function syncFolder(folder: string): Promise<void> {
  const before = running.get(folder);
  if (!before) return start(folder);
  const shared = next.get(folder);
  if (shared) return shared;
  const after = before
    .catch(() => {})
    .then(() => {
      next.delete(folder);
      return start(folder);
    });
  next.set(folder, after);
  return after;
}

function start(folder: string): Promise<void> {
  const sync = syncOnce(folder).finally(() => {
    if (running.get(folder) === sync) running.delete(folder);
  });
  running.set(folder, sync);
  return sync;
}

async function syncOnce(folder: string): Promise<void> {
  if (!canSync) return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the folder if it is not there, for its owner alone, its name durable. Its parent is there. */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await syncFolder(dirname(folder));
}
