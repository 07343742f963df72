import { deleteDB, type IDBPDatabase, openDB } from 'idb';
import type { TaskId } from '../../shared/ids.ts';
import { exists, orBlocked } from './database-access.ts';
import { personalDatabaseName } from './database-name.ts';
import { RefusedChange } from './failure.ts';

/** Where the one record of a personal model lies: IndexedDB, or memory. Both pass the contract of `personal-fits.ts`. */
export interface PersonalStore {
  readonly kept: 'indexeddb' | 'memory';
  /** As it was written, or anything at all if it was damaged; undefined where there is none. Makes no database. */
  load(): Promise<unknown>;
  /** In place of what was there; resolves when it is durable. */
  save(record: object): Promise<void>;
  /** The database goes with it. */
  remove(): Promise<void>;
}

export function createMemoryPersonal(): PersonalStore {
  let kept: unknown;
  return {
    kept: 'memory',
    load: async () => structuredClone(kept),
    save: async (record) => {
      kept = structuredClone(record);
    },
    remove: async () => {
      kept = undefined;
    },
  };
}

const VERSION = 1;
const RECORD = 'fit';

interface Schema {
  fits: { key: typeof RECORD; value: unknown };
}

/** Opened for each use and closed after it: a fit is loaded once a visit, and no other tab is held up. */
export function createIndexedDbPersonal(task: TaskId): PersonalStore {
  const name = personalDatabaseName(task);
  async function use<Value>(work: (database: IDBPDatabase<Schema>) => Promise<Value>): Promise<Value> {
    const database = await orBlocked((blocked) =>
      openDB<Schema>(name, VERSION, { blocked, upgrade: (fresh) => void fresh.createObjectStore('fits') }),
    );
    try {
      return await work(database);
    } finally {
      database.close();
    }
  }
  const isHere = async (): Promise<boolean> => {
    if (typeof indexedDB === 'undefined') throw new RefusedChange('unavailable', 'This browser keeps no data here.');
    return exists(name, VERSION);
  };
  return {
    kept: 'indexeddb',
    load: async () => ((await isHere()) ? use((database) => database.get('fits', RECORD)) : undefined),
    save: (record) =>
      use(async (database) => {
        const transaction = database.transaction('fits', 'readwrite', { durability: 'strict' });
        await Promise.all([transaction.store.put(record, RECORD), transaction.done]);
      }),
    remove: () => orBlocked((blocked) => deleteDB(name, { blocked })),
  };
}
