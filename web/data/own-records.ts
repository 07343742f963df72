import { type IDBPDatabase, openDB } from 'idb';
import type { TaskId } from '../../shared/ids.ts';
import { exists } from './database-access.ts';
import { ownStateDatabaseName } from './database-name.ts';

/** The one record that the client work of a task keeps from round to round, in a database of its own that comes with it. */
export interface OwnRecords {
  /** As it was written, or anything at all if it was damaged; undefined where there is none. Makes no database. */
  load(): Promise<unknown>;
  /** In place of what was there. */
  save(record: object): Promise<void>;
}

const VERSION = 1;
const RECORD = 'own';

interface Schema {
  own: { key: typeof RECORD; value: unknown };
}

/** Opened for each use and closed after it, so that deleting it never waits. Rejects where the browser keeps nothing. */
export function indexedDbOwnRecords(task: TaskId): OwnRecords {
  const name = ownStateDatabaseName(task);
  async function use<Value>(work: (database: IDBPDatabase<Schema>) => Promise<Value>): Promise<Value> {
    const database = await openDB<Schema>(name, VERSION, { upgrade: (fresh) => void fresh.createObjectStore('own') });
    try {
      return await work(database);
    } finally {
      database.close();
    }
  }
  return {
    load: async () => ((await exists(name, VERSION)) ? use((database) => database.get('own', RECORD)) : undefined),
    save: (record) => use(async (database) => void (await database.put('own', record, RECORD))),
  };
}
