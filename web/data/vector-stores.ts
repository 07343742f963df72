import { openDB } from 'idb';
import type { KeptVector, VectorStore } from '../../shared/codec/kept-vector.ts';
import type { Momentum } from '../../shared/codec/report-momentum.ts';
import type { Residual } from '../../shared/codec/update-encoder.ts';
import type { TaskId } from '../../shared/ids.ts';
import { exists, orBlocked } from './database-access.ts';
import { momentumDatabaseName, residualDatabaseName } from './database-name.ts';

/** What a task's codec left out of reports so far. */
export const createIndexedDbResidual = (task: TaskId): VectorStore<Residual> =>
  indexedDbVector(residualDatabaseName(task), 'residuals', 'residual');

/** The average of the changes so far, in tasks whose reports are that. */
export const createIndexedDbMomentum = (task: TaskId): VectorStore<Momentum> =>
  indexedDbVector(momentumDatabaseName(task), 'momenta', 'momentum');

const VERSION = 1;

/**
 * One record in a database of its own, which comes into being with the first and goes with the examples. Where the browser keeps
 * nothing, nothing is kept: reports do without it.
 */
function indexedDbVector<Kept extends KeptVector>(name: string, storeName: string, key: string): VectorStore<Kept> {
  const isHere = async (): Promise<boolean> => {
    try {
      return await exists(name, VERSION);
    } catch {
      return false;
    }
  };
  const open = () =>
    orBlocked((blocked) =>
      openDB(name, VERSION, { blocked, upgrade: (fresh) => void fresh.createObjectStore(storeName) }),
    );
  return {
    async load() {
      if (!(await isHere())) return null;
      const database = await open();
      try {
        return await database.get(storeName, key);
      } finally {
        database.close();
      }
    },
    async save(kept) {
      if (kept === null && !(await isHere())) return;
      const database = await open();
      try {
        await (kept === null ? database.delete(storeName, key) : database.put(storeName, kept, key));
      } finally {
        database.close();
      }
    },
  };
}
