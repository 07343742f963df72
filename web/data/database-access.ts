import { RefusedChange } from './failure.ts';

/** A tab that holds an old connection is asked to close it; one that does not answer is told of. */
const BLOCKED_AFTER_MS = 3_000;

/** Is there such a database? Makes none by looking. */
export async function exists(name: string, version: number): Promise<boolean> {
  // Where the list cannot be had, an opening that would create is given up in its first transaction.
  if (typeof indexedDB.databases === 'function') {
    return (await indexedDB.databases()).some((database) => database.name === name);
  }
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version);
    let isNew = false;
    request.onupgradeneeded = () => {
      isNew = true;
      request.transaction?.abort();
    };
    request.onsuccess = () => {
      request.result.close();
      resolve(true);
    };
    request.onerror = () => (isNew ? resolve(false) : reject(request.error));
  });
}

/** Rejects as `blocked` when another tab holds on to its connection for too long. */
export function orBlocked<Value>(work: (blocked: () => void) => Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLong = () => reject(new RefusedChange('blocked', 'Another tab keeps the examples in use; close it.'));
    const blocked = (): void => {
      timer ??= setTimeout(tooLong, BLOCKED_AFTER_MS);
    };
    void work(blocked)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}
