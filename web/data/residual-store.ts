import { openDB } from 'idb';
import type { ResidualStore } from '../../shared/codec/update-encoder.ts';
import type { TaskId } from '../../shared/ids.ts';
import { exists, orBlocked } from './database-access.ts';
import { residualDatabaseName } from './database-name.ts';

const VERSION = 1;
const STORE = 'residuals';
const RECORD = 'residual';

interface Schema {
  residuals: { key: typeof RECORD; value: unknown };
}

/**
 * What a task's codec left out of reports so far, in a database of its own, which comes into being with the first and goes with the
 * examples. Where the browser keeps nothing, nothing is kept: reports do without it.
 */
export function createIndexedDbResidual(task: TaskId): ResidualStore {
  const name = residualDatabaseName(task);
  const isHere = async (): Promise<boolean> => {
    try {
      return await exists(name, VERSION);
    } catch {
      return false;
    }
  };
  const open = () =>
    orBlocked((blocked) =>
      openDB<Schema>(name, VERSION, { blocked, upgrade: (fresh) => void fresh.createObjectStore(STORE) }),
    );
  return {
    async load() {
      if (!(await isHere())) return null;
      const database = await open();
      try {
        return await database.get(STORE, RECORD);
      } finally {
        database.close();
      }
    },
    async save(residual) {
      if (residual === null && !(await isHere())) return;
      const database = await open();
      try {
        await (residual === null ? database.delete(STORE, RECORD) : database.put(STORE, residual, RECORD));
      } finally {
        database.close();
      }
    },
  };
}
