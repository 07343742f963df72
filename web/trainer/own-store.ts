import { type IDBPDatabase, openDB } from 'idb';
import type { TaskId } from '../../shared/ids.ts';
import { exists } from '../data/database-access.ts';
import { ownStateDatabaseName } from '../data/database-name.ts';
import { memoryOwnState, type OwnRecord, type OwnState } from './core/own-state.ts';

const VERSION = 1;
const RECORD = 'own';
interface Schema {
  own: { key: typeof RECORD; value: OwnRecord };
}

/**
 * In IndexedDB, in a database of its own that comes with the first record; in the worker's memory where the browser keeps
 * nothing. Opened for each use and closed after it, so that deleting it never waits.
 */
export function ownStore(task: TaskId): OwnState {
  const name = ownStateDatabaseName(task);
  const memory = memoryOwnState();
  async function use<Value>(work: (database: IDBPDatabase<Schema>) => Promise<Value>): Promise<Value> {
    const database = await openDB<Schema>(name, VERSION, {
      upgrade: (fresh) => void fresh.createObjectStore('own'),
    });
    try {
      return await work(database);
    } finally {
      database.close();
    }
  }
  return {
    async load() {
      try {
        return (await exists(name, VERSION)) ? await use((database) => database.get('own', RECORD)) : memory.load();
      } catch {
        return memory.load();
      }
    },
    save: (record) =>
      use(async (database) => void (await database.put('own', record, RECORD))).catch(() => memory.save(record)),
  };
}
