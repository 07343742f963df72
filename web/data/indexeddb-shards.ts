import { deleteDB, type IDBPDatabase, openDB } from 'idb';
import type { TaskId } from '../../shared/ids.ts';
import { exists, orBlocked } from './database-access.ts';
import { databaseName, databasesOf } from './database-name.ts';
import { RefusedChange } from './failure.ts';
import { orOnceMore } from './once-more.ts';
import type { ShardReader, ShardStore, ShardTransaction } from './shard-store.ts';

const VERSION = 1;

interface Schema {
  index: { key: 'index'; value: unknown };
  shards: { key: number; value: unknown };
}

/**
 * Shards in IndexedDB. The database is opened by the first use, made only by the first change, and closed when another
 * tab wants to delete it; the next use opens it again.
 */
export function createIndexedDbShards(task: TaskId): ShardStore {
  const name = databaseName(task);
  let opened: Promise<IDBPDatabase<Schema> | null> | undefined;

  const forget = (): void => {
    opened = undefined;
  };
  const open = (mayCreate: boolean): Promise<IDBPDatabase<Schema> | null> => {
    opened ??= openOnce(name, mayCreate, forget).then(
      (database) => {
        if (database === null) forget();
        return database;
      },
      (error: unknown) => {
        forget();
        throw error;
      },
    );
    return opened;
  };

  const close = (): void => {
    void opened?.then(
      (database) => database?.close(),
      () => {},
    );
    forget();
  };

  return {
    kept: 'indexeddb',
    async change(work) {
      // A view may have found no database a moment ago: then this opens again, and makes one.
      const database = (await open(true)) ?? (await open(true));
      if (database === null) throw new RefusedChange('failed', 'the database could not be made');
      const transaction = database.transaction(['index', 'shards'], 'readwrite', { durability: 'strict' });
      const index = transaction.objectStore('index');
      const shards = transaction.objectStore('shards');
      const view: ShardTransaction = {
        index: () => index.get('index'),
        shard: (key) => shards.get(key),
        putIndex: async (value) => void (await index.put(value, 'index')),
        putShard: async (key, bytes) => void (await shards.put(bytes, key)),
        dropShard: (key) => shards.delete(key),
        dropAll: async () => void (await Promise.all([index.clear(), shards.clear()])),
      };
      try {
        const answer = await work(view);
        await transaction.done;
        return answer;
      } catch (error) {
        // Nothing of a refused change stays. The reason is what was thrown, or why the browser gave up.
        const reason = transaction.error ?? error;
        transaction.done.catch(() => {});
        try {
          transaction.abort();
        } catch {
          // it had ended by itself
        }
        throw reason;
      }
    },
    view: (work) =>
      orOnceMore(async (answered) => {
        const database = await answered(open(false));
        if (database === null) return work(nothing);
        const transaction = database.transaction(['index', 'shards'], 'readonly');
        transaction.done.catch(() => {});
        return work({
          index: () => answered(transaction.objectStore('index').get('index')),
          shard: (key) => answered(transaction.objectStore('shards').get(key)),
        });
      }, close),
    async destroy() {
      const database = await opened?.catch(() => null);
      forget();
      database?.close();
      await orBlocked((blocked) => deleteDB(name, { blocked }));
      for (const other of databasesOf(task))
        if (other !== name) await orBlocked((blocked) => deleteDB(other, { blocked }));
    },
    close,
  };
}

const nothing: ShardReader = { index: async () => undefined, shard: async () => undefined };

/** Null where there is no such database and none may be made. */
async function openOnce(name: string, mayCreate: boolean, onClosed: () => void): Promise<IDBPDatabase<Schema> | null> {
  if (typeof indexedDB === 'undefined') throw new RefusedChange('unavailable', 'This browser keeps no data here.');
  if (!mayCreate && !(await exists(name, VERSION))) return null;
  return orBlocked(async (blocked) => {
    const database = await openDB<Schema>(name, VERSION, {
      blocked,
      upgrade(fresh) {
        fresh.createObjectStore('index');
        fresh.createObjectStore('shards');
      },
      terminated: onClosed,
    });
    database.addEventListener('versionchange', () => {
      database.close();
      onClosed();
    });
    return database;
  });
}
