import type { TaskId } from '../../shared/ids.ts';
import { completed, settled } from './indexed-db.ts';
import type { SecretStore } from './ports.ts';

/**
 * Secrets in an IndexedDB database of their own. It comes into being with the first secret, which is made after
 * consent, and goes with the last one: asking for a secret that is not there leaves no database behind.
 */
const DATABASE = 'fedtab-identity';
const STORE = 'secrets';

export const indexedDbSecrets: SecretStore = {
  async load(task) {
    const database = await open(false);
    if (database === null) return null;
    try {
      const value: unknown = await settled(database.transaction(STORE).objectStore(STORE).get(task));
      return typeof value === 'string' ? value : null;
    } finally {
      database.close();
    }
  },
  async save(task, secret) {
    const database = await open(true);
    if (database === null) throw new Error('the database could not be opened');
    try {
      const transaction = database.transaction(STORE, 'readwrite');
      transaction.objectStore(STORE).put(secret, task);
      await completed(transaction);
    } finally {
      database.close();
    }
  },
  remove: removeSecret,
};

/** The last secret takes the database with it. */
export async function removeSecret(task: TaskId): Promise<void> {
  const database = await open(false);
  if (database === null) return;
  let left: number;
  try {
    const transaction = database.transaction(STORE, 'readwrite');
    const store = transaction.objectStore(STORE);
    store.delete(task);
    const count = settled(store.count());
    await completed(transaction);
    left = await count;
  } finally {
    database.close();
  }
  if (left === 0) await settled(indexedDB.deleteDatabase(DATABASE));
}

/** The database; null where there is none and none is to be made. */
async function open(mayCreate: boolean): Promise<IDBDatabase | null> {
  const request = indexedDB.open(DATABASE, 1);
  let isUnwanted = false;
  request.onupgradeneeded = () => {
    if (mayCreate) request.result.createObjectStore(STORE);
    // An aborted upgrade takes the new database away again.
    else request.transaction?.abort();
    isUnwanted = !mayCreate;
  };
  try {
    const database = await settled(request);
    database.onversionchange = () => database.close();
    return database;
  } catch (error) {
    if (isUnwanted) return null;
    throw error;
  }
}
